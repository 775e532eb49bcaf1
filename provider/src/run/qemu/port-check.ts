import { createServer, isIP } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MachineSpec, PortMapping } from '../../model/machine.js';
import { errnoOf } from '../error.js';
import { type Endpoint, endpointText } from './endpoint.js';
import { listForwarders } from './forwarder-client.js';
import type { ForwarderStat, PortOwner } from './forwarder-protocol.js';
import { findPortHolder, heldBy } from './port-holder.js';

const DEFAULT_ADDRESS = '127.0.0.1';
/** Another check, or a forwarder that is just ending, may hold the port for a moment. */
const TRIES = 3;
const TRY_AGAIN_MS = 150;

/** What is wrong with an input, by its name in the machine's inputs, such as `ports[0].host`. */
export interface Problem {
  readonly property: string;
  readonly reason: string;
}

export function endpointOf(mapping: PortMapping): Endpoint {
  return { address: mapping.address ?? DEFAULT_ADDRESS, port: mapping.host };
}

/** Whether each published port is this owner's already, or can be had. Nothing is kept of what is tried. */
export async function portProblems(
  { owner, machine }: { readonly owner: PortOwner; readonly machine: Pick<MachineSpec, 'ports'> },
  stateDirectory: string,
): Promise<Problem[]> {
  const forwarders = await listForwarders(stateDirectory);
  const problems: Problem[] = [];
  const seen = new Set<string>();
  for (const [index, mapping] of machine.ports.entries()) {
    const endpoint = endpointOf(mapping);
    const text = endpointText(endpoint);
    const reason = isIP(endpoint.address)
      ? seen.has(text)
        ? `${text} is published twice; give each its own port`
        : await whyNot(endpoint, { owner, forwarders })
      : `"${endpoint.address}" is not an IP address; give one of this host, or 0.0.0.0 for all`;
    seen.add(text);
    if (reason === undefined) continue;
    problems.push({ property: `ports[${index}].${isIP(endpoint.address) ? 'host' : 'address'}`, reason });
  }
  return problems;
}

async function whyNot(
  endpoint: Endpoint,
  { owner, forwarders }: { owner: PortOwner; forwarders: readonly ForwarderStat[] },
): Promise<string | undefined> {
  // Of another address, too: when a machine's address changes, its old forwarder makes way.
  const forwarder = forwarders.find(({ port, listening }) => port === endpoint.port && listening);
  if (forwarder !== undefined && sameOwner(forwarder.owner, owner)) return undefined;
  for (let attempt = 1; ; attempt++) {
    const errno = await tryToListen(endpoint);
    if (errno === undefined) return undefined;
    if (errno === 'EADDRINUSE') {
      const holder = await findPortHolder(endpoint);
      if (holder === undefined && attempt < TRIES) {
        await sleep(TRY_AGAIN_MS);
        continue;
      }
      return heldBy(holder, endpoint);
    }
    return wordsFor(errno, endpoint);
  }
}

/** Why a port cannot be had, by what the system says. */
export function wordsFor(errno: string, endpoint: Endpoint): string {
  if (errno === 'EACCES') {
    return `this user may not listen on ${endpointText(endpoint)}; choose a port from 1024 on`;
  }
  if (errno === 'EADDRNOTAVAIL') return `${endpoint.address} is not an address of this host`;
  return `this host does not let us listen on ${endpointText(endpoint)} (${errno})`;
}

export function sameOwner(a: PortOwner, b: PortOwner): boolean {
  return a.urn === b.urn && a.project === b.project;
}

function tryToListen({ address, port }: Endpoint): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error) => resolve(errnoOf(error) ?? error.message));
    server.listen({ host: address, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}
