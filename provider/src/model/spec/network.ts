import { z } from 'zod';
import { ingot, text } from './text.js';

/** Names that the kernel takes and that need no quoting anywhere. */
const name = z
  .string()
  .regex(
    /^[A-Za-z][A-Za-z0-9_.-]{0,14}$/,
    'must be the name of a network card, such as "eth0": at most 15 letters, digits, dots, dashes and underscores',
  );

const MOST_ADDRESSES = 100;
const MOST_INTERFACES = 100;
/** As many as a resolver asks. */
export const MOST_NAME_SERVERS = 3;
const MOST_SEARCH_DOMAINS = 6;

export const NetworkCard = z
  .strictObject({
    name: name
      .optional()
      .describe("The kernel's name of the card, such as `eth0`. One of `name` and `mac` says which card it is.")
      .meta({ 'x-default': 'any' }),
    mac: z
      .string()
      .regex(/^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}$/, 'must be a MAC address, such as "52:54:00:12:34:56"')
      .optional()
      .describe('Its MAC address, which holds whatever the kernel calls it.')
      .meta({ 'x-default': 'any' }),
    addresses: z
      .array(text)
      .max(MOST_ADDRESSES)
      .optional()
      .describe('Its addresses, IPv4 and IPv6, each with the length of its network: `10.0.0.5/24`, `2001:db8::5/64`.')
      .meta({ 'x-default': 'none but those that the network gives' }),
    gateway4: text
      .optional()
      .describe('Where IPv4 goes that is for none of its own networks: an address in one of these.')
      .meta({ 'x-default': 'what DHCP says' }),
    gateway6: text
      .optional()
      .describe('The same for IPv6; it may be a link-local address (`fe80::1`).')
      .meta({ 'x-default': 'what the router announces' }),
    dhcp4: z
      .boolean()
      .optional()
      .describe('Ask a DHCP server for an IPv4 address.')
      .meta({ 'x-default': '`true`, unless `addresses` has an IPv4 address' }),
    dhcp6: z
      .boolean()
      .optional()
      .describe(
        'Ask a DHCPv6 server for an IPv6 address. Those that a router announces (SLAAC) the kernel takes with and ' +
          'without it.',
      )
      .meta({ default: false }),
    mtu: z
      .int()
      .min(576)
      .max(65535)
      .optional()
      .describe('Largest packet, in bytes; with IPv6, 1280 at the least.')
      .meta({ 'x-default': "the card's own" }),
  })
  .meta({
    id: 'NetworkCard',
    description: 'How one network card gets its addresses.',
    ...ingot,
  });
export type NetworkCard = z.infer<typeof NetworkCard>;

export const Network = z
  .strictObject({
    interfaces: z
      .array(NetworkCard)
      .max(MOST_INTERFACES)
      .optional()
      .describe('Network cards that do not just ask DHCP. All others do.')
      .meta({ 'x-default': 'none' }),
    nameservers: z
      .array(text)
      .max(MOST_NAME_SERVERS)
      .optional()
      .describe('Addresses of name servers, at most three; they are asked before those that DHCP tells.')
      .meta({ 'x-default': 'those that DHCP tells' }),
    search: z
      .array(
        z
          .string()
          .max(253, 'must be at most 253 characters long')
          .regex(
            /^[A-Za-z0-9_]([A-Za-z0-9_-]{0,62})(\.[A-Za-z0-9_][A-Za-z0-9_-]{0,62})*\.?$/,
            'must be a domain, such as "internal.example"',
          ),
      )
      .max(MOST_SEARCH_DOMAINS)
      .optional()
      .describe('Domains in which names without a dot are looked up.')
      .meta({ 'x-default': 'the one that DHCP tells' }),
  })
  .meta({
    id: 'Network',
    description:
      "The network of images with Ingot's own init, where it is not all DHCP. What a machine's provider says of a card " +
      'wins over this.',
    ...ingot,
    'x-example': `network:
  interfaces:
    - name: eth0
      addresses: [10.0.0.5/24, "2001:db8::5/64"]
      gateway4: 10.0.0.1
      gateway6: fe80::1
    - mac: "52:54:00:12:34:56"
      mtu: 9000
  nameservers: [10.0.0.53, "2001:db8::53"]
  search: [internal.example]
services:
  - name: web
    image: deb:lighttpd
`,
  });
export type Network = z.infer<typeof Network>;
