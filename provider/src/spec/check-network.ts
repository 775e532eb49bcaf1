import { MOST_NAME_SERVERS, type NetworkCard } from '../model/spec.js';
import { type Complain, each } from './check-container.js';
import {
  type IpInNetwork,
  ipAddressOf,
  ipInNetworkOf,
  isAlone,
  isInNetwork,
  isLinkLocal,
  whyNotOfMachine,
} from './ip-address.js';
import type { PartialSpec } from './partial-spec.js';
import { type Path, quote } from './property.js';
import { Said } from './said.js';

/** What every link must carry that has IPv6 (RFC 8200, 5). */
const LEAST_MTU_OF_IPV6 = 1280;

/** What `network`, of all sources together, has to be beyond its types. */
export function checkNetwork({ network, init }: PartialSpec, complain: Complain): void {
  if (network === undefined) return;
  const said = new Said(complain);
  each(network.interfaces, ['network', 'interfaces'], (card, at) => {
    checkWhich(card, at, { said, complain });
    const networks = checkAddresses(card, at, { said, complain });
    checkGateway(card, networks, { family: 4, at, complain });
    checkGateway(card, networks, { family: 6, at, complain });
    const hasIpv6 = card.dhcp6 === true || networks.some(({ family }) => family === 6);
    if (hasIpv6 && card.mtu !== undefined && card.mtu < LEAST_MTU_OF_IPV6) {
      complain([...at, 'mtu'], `must be ${LEAST_MTU_OF_IPV6} or more with IPv6, got ${card.mtu}`);
    }
  });
  const servers = network.nameservers ?? [];
  if (servers.length > MOST_NAME_SERVERS) {
    const message = `is one more than the ${MOST_NAME_SERVERS} that are asked; leave some out`;
    complain(['network', 'nameservers', MOST_NAME_SERVERS], message);
  }
  each(servers, ['network', 'nameservers'], (text, at) => {
    const ip = ipAddressOf(text);
    if (ip === undefined) complain(at, `must be the address of a name server, such as "10.0.0.53", got ${quote(text)}`);
    else said.say(text, at, { key: `server ${ip.family} ${ip.value}`, remedy: 'keep one of them' });
  });
  if ((init ?? []).length > 0) {
    complain(['network'], 'needs Ingot\'s own init; leave out "init", or set it up with a container in "onboot"');
  }
}

interface Checks {
  readonly said: Said;
  readonly complain: Complain;
}

function checkWhich({ name, mac }: NetworkCard, at: Path, { said, complain }: Checks): void {
  const remedy = 'say all of a network card in one place';
  if (name !== undefined && mac !== undefined) {
    complain([...at, 'mac'], 'cannot be beside "name"; say one of them', {
      code: 'conflict',
      earlier: [...at, 'name'],
    });
  } else if (name !== undefined) {
    said.say(name, [...at, 'name'], { key: `name ${name}`, remedy });
  } else if (mac !== undefined) {
    said.say(mac, [...at, 'mac'], { key: `mac ${mac.toLowerCase()}`, remedy });
  } else {
    complain(at, 'has nothing to find the network card by; wanted "name" or "mac"', { code: 'missing' });
  }
}

/** Gives those that are sound. */
function checkAddresses({ addresses }: NetworkCard, at: Path, { said, complain }: Checks): readonly IpInNetwork[] {
  const networks: IpInNetwork[] = [];
  each(addresses, [...at, 'addresses'], (text, place) => {
    const network = ipInNetworkOf(text);
    const why = network && whyNotOfMachine(network);
    if (network === undefined) {
      const example = ipAddressOf(text)?.family === 6 ? `${text}/64` : `${text}/24`;
      const hint = ipAddressOf(text) === undefined ? '' : `; say how long its network is, such as "${example}"`;
      const wanted = 'must be an address with the length of its network, such as "10.0.0.5/24"';
      complain(place, `${wanted}, got ${quote(text)}${hint}`);
    } else if (why !== undefined) {
      complain(place, `cannot be ${quote(text)}, ${why}`);
    } else {
      networks.push(network);
      const key = `address ${network.family} ${network.value}`;
      said.say(text, place, { key, remedy: 'one network card can have it' });
    }
  });
  return networks;
}

function checkGateway(
  card: NetworkCard,
  networks: readonly IpInNetwork[],
  { family, at, complain }: { readonly family: 4 | 6; readonly at: Path; readonly complain: Complain },
): void {
  const key = `gateway${family}` as const;
  const text = card[key];
  if (text === undefined) return;
  const place = [...at, key];
  const gateway = ipAddressOf(text);
  const own = networks.filter((network) => network.family === family);
  if (gateway?.family !== family) {
    const example = family === 4 ? '10.0.0.1' : 'fe80::1';
    complain(place, `must be an IPv${family} address, such as "${example}", got ${quote(text)}`);
    return;
  }
  if (isLinkLocal(gateway)) return;
  if (own.length === 0) {
    complain(place, `has a meaning only beside an IPv${family} address in "addresses"`, { code: 'conflict' });
  } else if (own.some(({ value }) => value === gateway.value)) {
    complain(place, `is ${quote(text)}, the machine's own address; wanted that of the router`);
  } else if (!own.every(isAlone) && !own.some((network) => isInNetwork(gateway, network))) {
    complain(place, `is ${quote(text)}, which is in no network of "addresses"; wanted a router in one of them`);
  }
}
