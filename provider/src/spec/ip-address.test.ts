import { isIP, SocketAddress } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ipAddressOf, ipInNetworkOf, isInNetwork, whyNotOfMachine } from './ip-address.js';

describe('ipAddressOf()', () => {
  it('takes what Node takes, but for zones and IPv4 within IPv6', () => {
    const piece = fc.constantFrom('0', '1', '9', '10', '255', '256', '01', 'a', 'F0', 'fffff', '', ':', '::', '.', '/');
    const near = fc.array(piece, { maxLength: 9 }).map((parts) => parts.join(':'));
    const dotted = fc.array(piece, { minLength: 3, maxLength: 5 }).map((parts) => parts.join('.'));
    fc.assert(
      fc.property(fc.oneof(near, dotted, fc.ipV4(), fc.ipV6(), fc.string()), (text) => {
        fc.pre(!(text.includes(':') && /[.%]/.test(text)));
        expect(ipAddressOf(text)?.family ?? 0).toBe(isIP(text));
      }),
      { numRuns: 2000 },
    );
  });

  it('gives the same number for all texts of an address', () => {
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        fc.pre(!text.includes('.'));
        const { address } = new SocketAddress({ address: text, family: 'ipv6' });
        fc.pre(!address.includes('.'));
        expect(ipAddressOf(address.toUpperCase())).toEqual(ipAddressOf(text));
      }),
    );
    expect(ipAddressOf('10.0.1.2')).toEqual({ family: 4, value: 0x0a00_0102n });
    expect(ipAddressOf('::1:2')).toEqual({ family: 6, value: 0x1_0002n });
    expect(ipAddressOf('1::')).toEqual({ family: 6, value: 1n << 112n });
  });
});

describe('ipInNetworkOf()', () => {
  it.each(['10.0.0.5', '10.0.0.5/33', '10.0.0.5/', '10.0.0.5/024', '10.0.0.5/24/1', '::1/129', 'x/24', '/24'])(
    'refuses %j',
    (text) => {
      expect(ipInNetworkOf(text)).toBeUndefined();
    },
  );

  it.each([
    ['10.0.0.1', '10.0.0.5/24', true],
    ['10.0.1.1', '10.0.0.5/24', false],
    ['10.0.1.1', '10.0.0.5/23', true],
    ['10.0.0.5', '10.0.0.5/32', true],
    ['2001:db8::1', '2001:db8::ffff/64', true],
    ['2001:db8:0:1::1', '2001:db8::ffff/64', false],
    ['::a00:1', '10.0.0.5/0', false],
  ])('tells by which %s in the network of %s is %s', (ip, network, expected) => {
    const [address, within] = [ipAddressOf(ip), ipInNetworkOf(network)];
    expect(address && within && isInNetwork(address, within)).toBe(expected);
  });
});

describe('whyNotOfMachine()', () => {
  it.each([
    ['0.0.0.0/8', 'no address'],
    ['::/64', 'no address'],
    ['127.0.0.1/8', 'loopback'],
    ['::1/128', 'loopback'],
    ['224.0.0.1/24', 'no single machine'],
    ['ff02::1/64', 'no single machine'],
    ['10.0.0.1/0', 'whole internet'],
    ['10.0.0.0/24', 'network itself'],
    ['2001:db8::/64', 'network itself'],
    ['10.0.0.255/24', 'broadcast'],
  ])('says of %s: %s', (text, why) => {
    expect(whyNotOfMachine(ipInNetworkOf(text) as never)).toContain(why);
  });

  it.each(['10.0.0.0/31', '10.0.0.255/23', '10.0.0.1/32', '2001:db8::/127', '2001:db8::ff/120', 'fe80::5/64'])(
    'has nothing against %s',
    (text) => {
      expect(whyNotOfMachine(ipInNetworkOf(text) as never)).toBeUndefined();
    },
  );
});
