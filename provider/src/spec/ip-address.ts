/** An address as a number: of 32 bits for IPv4, of 128 for IPv6. */
export interface IpAddress {
  readonly family: 4 | 6;
  readonly value: bigint;
}

/** An address of a machine, and the length in bits of the network that it is in. */
export interface IpInNetwork extends IpAddress {
  readonly prefixBits: number;
}

const IPV4 = /^(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,2})$/;
const IPV6_GROUPS = 8;

/**
 * Reads an address: IPv4 in four decimal parts without leading zeros, IPv6 as RFC 4291, 2.2, forms 1 and 2, has it (an
 * IPv4 address within one is not taken, nor a zone). Nothing where it is none.
 */
export function ipAddressOf(text: string): IpAddress | undefined {
  const parts = IPV4.exec(text)?.slice(1).map(Number);
  if (parts !== undefined) {
    return parts.some((part) => part > 255) ? undefined : { family: 4, value: numberOf(parts, 8) };
  }
  const [before = '', after, more] = text.split('::');
  if (more !== undefined) return undefined;
  const first = groupsOf(before);
  const last = after === undefined ? [] : groupsOf(after);
  if (first === undefined || last === undefined) return undefined;
  const missing = IPV6_GROUPS - first.length - last.length;
  if (after === undefined ? missing !== 0 : missing < 1) return undefined;
  return { family: 6, value: numberOf([...first, ...Array<number>(missing).fill(0), ...last], 16) };
}

/** Reads `ADDRESS/BITS`. Nothing where it is none. */
export function ipInNetworkOf(text: string): IpInNetwork | undefined {
  const [address = '', bits = '', more] = text.split('/');
  const ip = ipAddressOf(address);
  if (ip === undefined || more !== undefined || !/^(0|[1-9][0-9]{0,2})$/.test(bits)) return undefined;
  const prefixBits = Number(bits);
  return prefixBits > widthOf(ip) ? undefined : { ...ip, prefixBits };
}

/** True if an address is in the network of another. */
export function isInNetwork(ip: IpAddress, network: IpInNetwork): boolean {
  const hostBits = BigInt(widthOf(network) - network.prefixBits);
  return ip.family === network.family && ip.value >> hostBits === network.value >> hostBits;
}

/** True for the only address of its network, which has nobody else in it. */
export function isAlone(network: IpInNetwork): boolean {
  return network.prefixBits === widthOf(network);
}

/** fe80::/10: good on one link alone. */
export function isLinkLocal({ family, value }: IpAddress): boolean {
  return family === 6 && value >> 118n === 0x3fan;
}

/** Why no machine can have an address, if so. */
export function whyNotOfMachine(network: IpInNetwork): string | undefined {
  const { family, value, prefixBits } = network;
  const top = family === 4 ? value >> 24n : value >> 120n;
  if (value === 0n) return 'which stands for no address';
  if (family === 4 ? top === 127n : value === 1n) return "which is the machine's own everywhere (loopback)";
  if (family === 4 ? top >= 224n : top === 0xffn) return 'which stands for no single machine';
  if (prefixBits === 0) return 'whose network would be the whole internet';
  const hosts = widthOf(network) - prefixBits;
  const host = value & ((1n << BigInt(hosts)) - 1n);
  // In networks of one or two addresses both are of machines (RFC 3021); the first of an IPv6 network is any router's.
  if (hosts >= 2 && host === 0n) return 'which is the network itself';
  if (family === 4 && hosts >= 2 && host === (1n << BigInt(hosts)) - 1n) return 'which is the broadcast of its network';
  return undefined;
}

function widthOf({ family }: IpAddress): number {
  return family === 4 ? 32 : 128;
}

function numberOf(parts: readonly number[], bits: number): bigint {
  return parts.reduce((value, part) => (value << BigInt(bits)) | BigInt(part), 0n);
}

function groupsOf(text: string): number[] | undefined {
  if (text === '') return [];
  const groups = text.split(':', IPV6_GROUPS + 1);
  if (groups.length > IPV6_GROUPS || !groups.every((group) => /^[0-9A-Fa-f]{1,4}$/.test(group))) return undefined;
  return groups.map((group) => Number.parseInt(group, 16));
}
