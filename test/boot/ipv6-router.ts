import { createServer, type Server, type Socket } from 'node:net';

/** Of the router; the machine's own addresses come from its network, and from what it leases. */
const ROUTER_MAC = Buffer.from('525400000001', 'hex');
const ROUTER = addressOf('fe80::1');
const NETWORK = addressOf('2001:db8:6::');
export const LEASED = '2001:db8:6:1::42';
/** As udhcpc6 writes it. */
export const NAME_SERVER = '2001:0db8:0006:0000:0000:0000:0000:0053';
export const DOMAIN = 'six.example';

const ETHERTYPE_IPV6 = 0x86dd;
const [UDP, ICMPV6] = [17, 58];
const [CLIENT_PORT, SERVER_PORT] = [546, 547];
const [ROUTER_SOLICITATION, ROUTER_ADVERTISEMENT] = [133, 134];
/** To all, since who asks may have no address yet. */
const EVERYONE = { mac: Buffer.from('333300000001', 'hex'), ip: addressOf('ff02::1') };
/** DHCPv6 messages (RFC 8415, 7.3) and options (21). */
const [SOLICIT, ADVERTISE, REQUEST, RENEW, REPLY] = [1, 2, 3, 5, 7];
const [CLIENT_ID, SERVER_ID, IA_NA, IA_ADDRESS, DNS_SERVERS, DOMAIN_LIST] = [1, 2, 3, 5, 23, 24];

/**
 * The other end of a virtual network card: a router that announces a network, and a DHCPv6 server that leases one
 * address. It speaks the frames of QEMU's `socket` device: a length of four bytes, and then that of the ethernet.
 */
export class Ipv6Router implements AsyncDisposable {
  /** Types of the DHCPv6 messages that came, in their order. */
  readonly asked: number[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor() {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      let pending: Buffer = Buffer.alloc(0);
      socket.on('error', () => socket.destroy());
      socket.on('data', (data) => {
        pending = Buffer.concat([pending, data]);
        while (pending.length >= 4 && pending.length >= 4 + pending.readUInt32BE(0)) {
          const length = pending.readUInt32BE(0);
          const answer = this.#answer(pending.subarray(4, 4 + length));
          pending = pending.subarray(4 + length);
          if (answer !== undefined) socket.write(Buffer.concat([uint32(answer.length), answer]));
        }
      });
    });
  }

  static async start(): Promise<Ipv6Router> {
    const router = new Ipv6Router();
    await new Promise<void>((resolve) => router.#server.listen(0, '127.0.0.1', resolve));
    return router;
  }

  /** A network card of a machine, with this router at its other end. */
  devices(mac: string): string[] {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the router does not listen');
    return [
      ...['-netdev', `socket,id=ipv6,connect=127.0.0.1:${address.port}`],
      ...['-device', `virtio-net-pci,netdev=ipv6,mac=${mac},romfile=`],
    ];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(frame: Buffer): Buffer | undefined {
    if (frame.length < 62 || frame.readUInt16BE(12) !== ETHERTYPE_IPV6) return undefined;
    const from = { mac: frame.subarray(6, 12), ip: frame.subarray(22, 38) };
    const payload = frame.subarray(54);
    if (frame[20] === ICMPV6 && payload[0] === ROUTER_SOLICITATION) {
      return ipv6Frame(EVERYONE, ICMPV6, routerAdvertisement());
    }
    if (frame[20] !== UDP || payload.readUInt16BE(2) !== SERVER_PORT) return undefined;
    const message = payload.subarray(8);
    const type = message[0] ?? 0;
    this.asked.push(type);
    if (![SOLICIT, REQUEST, RENEW].includes(type)) return undefined;
    const reply = dhcpReply(type === SOLICIT ? ADVERTISE : REPLY, message);
    const header = Buffer.concat([uint16(SERVER_PORT), uint16(CLIENT_PORT), uint16(8 + reply.length), uint16(0)]);
    return ipv6Frame(from, UDP, Buffer.concat([header, reply]));
  }
}

/** RFC 4861, 4.2 and 4.6.2: this router for half an hour, and its network for addresses that machines make themselves. */
function routerAdvertisement(): Buffer {
  const header = Buffer.from([ROUTER_ADVERTISEMENT, 0, 0, 0, 64, 0x80, ...uint16(1800), 0, 0, 0, 0, 0, 0, 0, 0]);
  const prefix = [3, 4, 64, 0xc0, ...uint32(7200), ...uint32(3600), 0, 0, 0, 0, ...NETWORK];
  return Buffer.concat([header, Buffer.from(prefix)]);
}

function dhcpReply(type: number, message: Buffer): Buffer {
  const address = option(IA_ADDRESS, Buffer.concat([addressOf(LEASED), uint32(3600), uint32(7200)]));
  const iaid = optionIn(message, IA_NA)?.subarray(0, 4) ?? uint32(0);
  const labels = DOMAIN.split('.').flatMap((label) => [label.length, ...Buffer.from(label)]);
  return Buffer.concat([
    Buffer.from([type]),
    message.subarray(1, 4),
    option(CLIENT_ID, optionIn(message, CLIENT_ID) ?? Buffer.alloc(0)),
    option(SERVER_ID, Buffer.concat([uint16(3), uint16(1), ROUTER_MAC])),
    option(IA_NA, Buffer.concat([iaid, uint32(1800), uint32(2880), address])),
    option(DNS_SERVERS, addressOf(NAME_SERVER)),
    option(DOMAIN_LIST, Buffer.from([...labels, 0])),
  ]);
}

function option(code: number, data: Uint8Array): Buffer {
  return Buffer.concat([uint16(code), uint16(data.length), data]);
}

function optionIn(message: Buffer, code: number): Buffer | undefined {
  for (let at = 4; at + 4 <= message.length; at += 4 + message.readUInt16BE(at + 2)) {
    if (message.readUInt16BE(at) === code) return message.subarray(at + 4, at + 4 + message.readUInt16BE(at + 2));
  }
  return undefined;
}

/** From the router; the checksum of what is within (RFC 8200, 8.1) is put in its place. */
function ipv6Frame(to: { mac: Uint8Array; ip: Uint8Array }, protocol: number, payload: Buffer): Buffer {
  const pseudo = Buffer.concat([ROUTER, to.ip, uint32(payload.length), uint32(protocol)]);
  payload.writeUInt16BE(checksum(Buffer.concat([pseudo, payload])), protocol === UDP ? 6 : 2);
  const header = Buffer.concat([
    uint32(0x60000000),
    uint16(payload.length),
    Buffer.from([protocol, 255]),
    ROUTER,
    to.ip,
  ]);
  return Buffer.concat([to.mac, ROUTER_MAC, uint16(ETHERTYPE_IPV6), header, payload]);
}

function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff || 0xffff;
}

function addressOf(text: string): Buffer {
  const [before = '', after = ''] = text.split('::');
  const groups = (part: string) => (part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16)));
  const [first, last] = [groups(before), groups(after)];
  const all = [...first, ...Array<number>(8 - first.length - last.length).fill(0), ...last];
  return Buffer.concat(all.map(uint16));
}

function uint16(value: number): Buffer {
  return Buffer.from([value >>> 8, value & 0xff]);
}

function uint32(value: number): Buffer {
  return Buffer.concat([uint16(value >>> 16), uint16(value & 0xffff)]);
}
