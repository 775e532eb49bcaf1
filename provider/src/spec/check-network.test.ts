import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { messagesOf } from './messages.fixture.js';
import { parseSpec } from './parse.js';

const card = (card: object) => stringify({ network: { interfaces: [{ name: 'eth0', ...card }] } });
const cards = (...interfaces: object[]) => stringify({ network: { interfaces } });
const MAC = '52:54:00:12:34:56';

describe('parseSpec() refuses in network', () => {
  it.each([
    [cards({ mtu: 1500 }), 'network.interfaces[0] has nothing to find the network card by; wanted "name" or "mac"'],
    [
      card({ mac: MAC }),
      'network.interfaces[0].mac cannot be beside "name"; say one of them; the first is network.interfaces[0].name',
    ],
    [
      cards({ mac: '52-54-00-12-34-56' }),
      'network.interfaces[0].mac must be a MAC address, such as "52:54:00:12:34:56", got "52-54-00-12-34-56"',
    ],
    [
      card({ name: 'eth0; id' }),
      'network.interfaces[0].name must be the name of a network card, such as "eth0": at most 15 letters, digits, dots, ' +
        'dashes and underscores, got "eth0; id"',
    ],
    [
      cards({ mac: 'aa:bb:cc:00:11:22' }, { mac: 'AA:BB:CC:00:11:22' }),
      'network.interfaces[1].mac is "AA:BB:CC:00:11:22" again; say all of a network card in one place; the first is ' +
        'network.interfaces[0].mac',
    ],
    [
      card({ addresses: ['10.0.0.5'] }),
      'network.interfaces[0].addresses[0] must be an address with the length of its network, such as "10.0.0.5/24", got ' +
        '"10.0.0.5"; say how long its network is, such as "10.0.0.5/24"',
    ],
    [
      card({ addresses: ['10.0.0.500/24'] }),
      'network.interfaces[0].addresses[0] must be an address with the length of its network, such as "10.0.0.5/24", got ' +
        '"10.0.0.500/24"',
    ],
    [
      card({ addresses: ['10.0.0.0/24'] }),
      'network.interfaces[0].addresses[0] cannot be "10.0.0.0/24", which is the network itself',
    ],
    [
      cards({ name: 'eth0', addresses: ['2001:DB8::5/64'] }, { name: 'eth1', addresses: ['2001:db8:0::5/48'] }),
      'network.interfaces[1].addresses[0] is "2001:db8:0::5/48" again; one network card can have it; the first is ' +
        'network.interfaces[0].addresses[0]',
    ],
    [
      card({ addresses: ['10.0.0.5/24'], gateway4: '10.0.1.1' }),
      'network.interfaces[0].gateway4 is "10.0.1.1", which is in no network of "addresses"; wanted a router in one of them',
    ],
    [
      card({ addresses: ['10.0.0.5/24'], gateway4: '10.0.0.5' }),
      `network.interfaces[0].gateway4 is "10.0.0.5", the machine's own address; wanted that of the router`,
    ],
    [
      card({ addresses: ['10.0.0.5/24'], gateway4: 'fe80::1' }),
      'network.interfaces[0].gateway4 must be an IPv4 address, such as "10.0.0.1", got "fe80::1"',
    ],
    [
      card({ gateway6: '2001:db8::1' }),
      'network.interfaces[0].gateway6 has a meaning only beside an IPv6 address in "addresses"',
    ],
    [
      card({ addresses: ['2001:db8::5/64'], mtu: 1200 }),
      'network.interfaces[0].mtu must be 1280 or more with IPv6, got 1200',
    ],
    [card({ mtu: 100 }), 'network.interfaces[0].mtu must be 576 or more, got 100'],
    [card({ dhcp: true }), 'unknown key "dhcp" in network.interfaces[0]; did you mean "dhcp4"?'],
    [
      'network: { nameservers: [dns.example] }',
      'network.nameservers[0] must be the address of a name server, such as "10.0.0.53", got "dns.example"',
    ],
    [
      'network: { nameservers: ["::53", "0::53"] }',
      'network.nameservers[1] is "0::53" again; keep one of them; the first is network.nameservers[0]',
    ],
    ['network: { search: ["a b"] }', 'network.search[0] must be a domain, such as "internal.example", got "a b"'],
    [
      'init: [x]\nnetwork: {}',
      'network needs Ingot\'s own init; leave out "init", or set it up with a container in "onboot"',
    ],
  ])('%j', (text, message) => {
    expect(messagesOf(text)).toEqual([message]);
  });

  it('what only several sources together have too much of, where it is too much', () => {
    expect(
      messagesOf(
        'network: { nameservers: [10.0.0.1, 10.0.0.2], interfaces: [{ name: eth0, addresses: [10.0.0.5/24] }] }',
        'network: { nameservers: [10.0.0.3, 10.0.0.4], interfaces: [{ name: eth1, addresses: [10.0.0.5/16] }] }',
      ),
    ).toEqual([
      'network.nameservers[1] is one more than the 3 that are asked; leave some out',
      'network.interfaces[0].addresses[0] is "10.0.0.5/16" again; one network card can have it; the first is ' +
        'network.interfaces[0].addresses[0] of 0.yml',
    ]);
  });
});

describe('parseSpec() accepts in network', () => {
  it.each([
    ['nothing', 'network: {}'],
    ['a gateway outside of a network of one address', card({ addresses: ['203.0.113.7/32'], gateway4: '172.31.1.1' })],
    ['a link-local gateway, whatever the addresses', card({ gateway6: 'fe80::1' })],
    [
      'both families',
      card({ addresses: ['10.0.0.5/24', '2001:db8::5/64'], gateway4: '10.0.0.1', gateway6: '2001:db8::1' }),
    ],
    ['DHCP beside addresses', card({ addresses: ['10.0.0.5/24'], dhcp4: true, dhcp6: true, mtu: 9000 })],
    ['names and addresses of cards', cards({ name: 'eth0' }, { mac: MAC, dhcp4: false })],
  ])('%s', (_, text) => {
    expect(messagesOf(text)).toEqual([]);
  });

  it('several sources, whose lists are joined', () => {
    const first = 'network: { nameservers: [10.0.0.1], interfaces: [{ name: eth0 }] }';
    const second = 'network: { search: [a.example], interfaces: [{ name: eth1 }], nameservers: [10.0.0.2] }';
    const texts = [first, 'network: {}', second, 'hostname: a'];
    expect(parseSpec(texts.map((text, index) => ({ name: `${index}.yml`, text }))).network).toEqual({
      interfaces: [{ name: 'eth0' }, { name: 'eth1' }],
      nameservers: ['10.0.0.1', '10.0.0.2'],
      search: ['a.example'],
    });
  });
});
