import type { Network, NetworkCard } from '../model/index.js';

/**
 * What `network` says, as the guest reads it (guest/root/usr/lib/ingot/network.sh): a fact in a line, which is a network
 * card (its name, its MAC address, or a dash for all), what is said of it, and the rest. A route has where to, by whom, a
 * metric and `onlink`, dashes for those that it has not.
 */
export function networkSettings({ interfaces = [], nameservers = [], search = [] }: Network): string {
  const lines = [
    ...interfaces.flatMap((card) => cardLines(card).map((line) => `${card.mac?.toLowerCase() ?? card.name} ${line}`)),
    ...nameservers.map((server) => `- nameserver ${server}`),
    ...search.map((domain) => `- search ${domain}`),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

/** It says whether to ask DHCP, whatever the spec leaves out, so that each card has a line. */
function cardLines({ addresses = [], mtu, ...card }: NetworkCard): string[] {
  const hasIpv4 = addresses.some((address) => !address.includes(':'));
  return [
    ...(mtu === undefined ? [] : [`mtu ${mtu}`]),
    ...addresses.map((address) => `address ${address}`),
    ...[card.gateway4, card.gateway6].flatMap((gateway) => (gateway === undefined ? [] : [route(gateway, addresses)])),
    `dhcp4 ${(card.dhcp4 ?? !hasIpv4) ? 'on' : 'off'}`,
    ...(card.dhcp6 === true ? ['dhcp6 on'] : []),
  ];
}

/** Where each address is alone in its network, the gateway is outside of them, and nevertheless on the link. */
function route(gateway: string, addresses: readonly string[]): string {
  const isIpv6 = gateway.includes(':');
  const own = addresses.filter((address) => address.includes(':') === isIpv6);
  const onLink = own.length > 0 && own.every((address) => address.endsWith(isIpv6 ? '/128' : '/32'));
  return `route default ${gateway} - ${onLink ? 'onlink' : '-'}`;
}
