import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { missingPrograms, skipAllBecause } from '../skip.js';

const SCRIPTS = join(__dirname, '../../provider/src/guest/root/usr/lib/ingot');
const NOCLOUD = ['json.awk', 'network.awk', 'yaml.awk', 'network-config.awk'];
const OPENSTACK = ['json.awk', 'network.awk', 'network-data.awk'];
/** Every line that the shell may be given. */
const FACT =
  /^(?:([A-Za-z][A-Za-z0-9_.-]{0,14}|[0-9a-f]{2}(?::[0-9a-f]{2}){5}) (?:mtu \d{2,5}|address [0-9A-Fa-f.:]+\/\d{1,3}|route (?:default|[0-9A-Fa-f.:]+\/\d{1,3}) [0-9A-Fa-f.:]+ (?:-|\d{1,9}) (?:-|onlink)|dhcp4 (?:on|off)|dhcp6 on)|- nameserver [0-9A-Fa-f.:]+|- search [A-Za-z0-9_.-]+)$/;

describe('what a disk says of the network', () => {
  skipAllBecause(missingPrograms('busybox'));
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ingot-network-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  interface Outcome {
    readonly status: number | null;
    readonly said: string;
    readonly facts: readonly string[];
  }

  /** Reads the text with the awk that machines have. */
  function read(scripts: readonly string[], text: string): Outcome {
    const into = join(folder, 'network');
    rmSync(into, { force: true });
    const files = scripts.flatMap((name) => ['-f', join(SCRIPTS, name)]);
    const { status, stdout, stderr } = spawnSync('busybox', ['awk', '-v', `into=${into}`, ...files], {
      input: text,
      encoding: 'utf8',
      env: { PATH: process.env.PATH, LC_ALL: 'C' },
    });
    expect(stderr).toBe('');
    const facts = existsSync(into) ? readFileSync(into, 'utf8').split('\n').slice(0, -1) : [];
    return { status, said: stdout.trimEnd(), facts };
  }
  const nocloud = (text: string) => read(NOCLOUD, text);
  const openstack = (data: unknown) => read(OPENSTACK, typeof data === 'string' ? data : JSON.stringify(data));
  const understood = (...facts: string[]): Outcome => ({ status: 0, said: '', facts });

  const V1 = `version: 1
config:
    - type: physical
      name: eth0
      mac_address: '0E:11:22:33:44:55'
      subnets:
      - type: static
        address: '10.0.0.5'
        netmask: '255.255.255.128'
        gateway: '10.0.0.1'
      - type: static6
        address: '2001:db8::5/64'
        gateway: 'fe80::1'
    - type: physical
      name: eth1   # no address of its own
      mtu: 1400
      subnets:
        - type: dhcp4
        - type: static
          address: 192.168.1.2/24
          dns_nameservers: 192.168.1.53
          routes:
            - {destination: 172.16.0.0, netmask: 255.240.0.0, gateway: 192.168.1.1, metric: 5}
    - type: loopback
      name: lo
    - type: nameserver
      address:
      - '1.1.1.1'   # one
      - 2606:4700:4700::1111
      search: [ 'local', "a.example" ]
`;
  const V1_FACTS = [
    '0e:11:22:33:44:55 address 10.0.0.5/25',
    '0e:11:22:33:44:55 address 2001:db8::5/64',
    '0e:11:22:33:44:55 route default 10.0.0.1 - -',
    '0e:11:22:33:44:55 route default fe80::1 - -',
    '0e:11:22:33:44:55 dhcp4 off',
    'eth1 mtu 1400',
    'eth1 address 192.168.1.2/24',
    'eth1 route 172.16.0.0/12 192.168.1.1 5 -',
    'eth1 dhcp4 on',
    '- nameserver 192.168.1.53',
    '- nameserver 1.1.1.1',
    '- nameserver 2606:4700:4700::1111',
    '- search local',
    '- search a.example',
  ];
  const V2 = `# of a generator
network:
  version: 2
  renderer: networkd
  ethernets:
    lan:
      match:
        macaddress: "52:54:00:12:34:56"
      set-name: lan0
      dhcp4: no
      dhcp6: true
      optional: true
      addresses: [203.0.113.7/32, "2001:db8::5/64"]
      gateway4: 172.31.1.1
      routes:
        - to: default
          via: fe80::1
        -
          to: 10.9.0.0/16
          via: 10.0.0.254
          metric: 100
          on-link: true
      nameservers:
        addresses: [10.0.0.53]
        search: []
    eth1: {dhcp4: true, mtu: 1450, "nameservers": {addresses: ['10.0.0.53', ::53]}}
    eth2:
  vlans: {}
`;
  const V2_FACTS = [
    '52:54:00:12:34:56 address 203.0.113.7/32',
    '52:54:00:12:34:56 address 2001:db8::5/64',
    '52:54:00:12:34:56 route default 172.31.1.1 - onlink',
    '52:54:00:12:34:56 route default fe80::1 - -',
    '52:54:00:12:34:56 route 10.9.0.0/16 10.0.0.254 100 onlink',
    '52:54:00:12:34:56 dhcp4 off',
    '52:54:00:12:34:56 dhcp6 on',
    'eth1 mtu 1450',
    'eth1 dhcp4 on',
    '- nameserver 10.0.0.53',
    '- nameserver ::53',
  ];

  test('is understood in version 1 of NoCloud, as YAML and as JSON', () => {
    expect(nocloud(V1)).toEqual(understood(...V1_FACTS));
    expect(nocloud(`---\n${V1.replaceAll('\n', '\r\n')}`)).toEqual(understood(...V1_FACTS));
    expect(nocloud(stringify({ network: parse(V1) }))).toEqual(understood(...V1_FACTS));
    expect(nocloud(JSON.stringify(parse(V1), null, 1))).toEqual(understood(...V1_FACTS));
  });

  test('is understood in version 2 of NoCloud, as YAML and as JSON; names are not given to cards, which it says', () => {
    const text = V2.replace('    eth2:\n', '');
    const said =
      'network.ethernets.lan.set-name is not heeded: network cards keep the names that the kernel gives them';
    const expected = { status: 0, said, facts: V2_FACTS };
    expect(nocloud(text)).toEqual(expected);
    expect(nocloud(JSON.stringify(parse(text)))).toEqual(expected);
    for (const options of [{ indentSeq: false }, { indent: 4 }, { defaultStringType: 'QUOTE_DOUBLE' }] as const) {
      expect(nocloud(stringify(parse(text), options))).toEqual(expected);
    }
  });

  test('asks DHCP for IPv4 in version 2 where that is said, and only there', () => {
    expect(nocloud('version: 2\nethernets:\n  eth0: {}\n  eth1:\n    dhcp4: TRUE\n')).toEqual(
      understood('eth0 dhcp4 off', 'eth1 dhcp4 on'),
    );
    expect(nocloud('version: 2\n')).toEqual(understood());
    expect(nocloud('version: 1\nconfig: []\n')).toEqual(understood());
    expect(nocloud('version: 2\nethernets:\n  eth0:\n    addresses:\n    routes: ~\n')).toEqual(
      understood('eth0 dhcp4 off'),
    );
  });

  test('is nothing in a file of comments', () => {
    for (const text of ['', '\n', '# nothing is said\n', '---\n']) {
      expect(nocloud(text)).toEqual({ status: 0, said: '', facts: [] });
    }
  });

  const links = [
    { id: 'tap1', vif_id: 'x', type: 'ovs', mtu: 1450, ethernet_mac_address: 'FA:16:3e:00:00:01' },
    { id: 'tap2', type: 'phy', mtu: null, ethernet_mac_address: 'fa:16:3e:00:00:02' },
    { id: 'tap3', type: 'phy', ethernet_mac_address: 'fa:16:3e:00:00:03' },
  ];

  test('is understood on a config drive of OpenStack', () => {
    const v4 = {
      id: 'n0',
      type: 'ipv4',
      link: 'tap1',
      ip_address: '10.0.0.5',
      netmask: '255.255.255.0',
      network_id: 'u',
    };
    const routes = [
      { network: '0.0.0.0', netmask: '0.0.0.0', gateway: '10.0.0.1' },
      { network: '169.254.169.254', netmask: '255.255.255.255', gateway: '10.0.0.2' },
    ];
    const data = {
      links,
      networks: [
        { ...v4, routes, services: [{ type: 'dns', address: '10.0.0.53' }] },
        {
          ...{ id: 'n1', type: 'ipv6', link: 'tap1', ip_address: '2001:db8::5', netmask: 'ffff:ffff:ffff:fff0::' },
          ...{ routes: [{ network: '::', netmask: '::', gateway: 'fe80::1' }] },
        },
        { id: 'n2', type: 'ipv4_dhcp', link: 'tap2' },
        { id: 'n3', type: 'ipv6_slaac', link: 'tap2' },
        { id: 'n4', type: 'ipv6_dhcpv6-stateful', link: 'tap3' },
      ],
      services: [{ type: 'dns', address: '8.8.8.8' }],
    };
    expect(openstack(data)).toEqual(
      understood(
        'fa:16:3e:00:00:01 mtu 1450',
        'fa:16:3e:00:00:01 address 10.0.0.5/24',
        'fa:16:3e:00:00:01 address 2001:db8::5/60',
        'fa:16:3e:00:00:01 route default 10.0.0.1 - -',
        'fa:16:3e:00:00:01 route 169.254.169.254/32 10.0.0.2 - -',
        'fa:16:3e:00:00:01 route default fe80::1 - -',
        'fa:16:3e:00:00:01 dhcp4 off',
        'fa:16:3e:00:00:02 dhcp4 on',
        'fa:16:3e:00:00:03 dhcp4 off',
        'fa:16:3e:00:00:03 dhcp6 on',
        '- nameserver 10.0.0.53',
        '- nameserver 8.8.8.8',
      ),
    );
    expect(openstack({})).toEqual(understood());
  });

  const ethernet = (text: string) => `version: 2\nethernets:\n  eth0:\n    ${text}\n`;

  test.each([
    ['just words', 'it is no map'],
    [ethernet('addresses: [10.0.0.5]'), 'ethernets.eth0.addresses.0 does not say how long the network of 10.0.0.5 is'],
    [
      ethernet('addresses: [10.0.0.5/33]'),
      'ethernets.eth0.addresses.0 does not say how long the network of 10.0.0.5 is',
    ],
    [ethernet('addresses: ["1::2::3/64"]'), 'ethernets.eth0.addresses.0 has no valid address: 1::2::3'],
    [
      ethernet('addresses: ["10.0.0.5/24; reboot"]'),
      'ethernets.eth0.addresses.0 does not say how long the network of 10.0.0.5 is',
    ],
    [ethernet('addresses: ["$(reboot)/24"]'), 'ethernets.eth0.addresses.0 has no valid address: $(reboot)'],
    [ethernet('addresses: {a: b}'), 'ethernets.eth0.addresses must be a list'],
    [ethernet('addresses: 10.0.0.5/24'), 'ethernets.eth0.addresses must be a list'],
    [ethernet('nameservers: {addresses: {a: b}}'), 'ethernets.eth0.nameservers.addresses must be a list'],
    ['version: 1\nconfig: [{type: physical, name: eth0, subnets: dhcp}]', 'config.0.subnets must be a list'],
    [ethernet('gateway4: 10.0.0'), 'ethernets.eth0.gateway4 has no valid gateway: 10.0.0'],
    [ethernet('mtu: 1e9'), 'ethernets.eth0.mtu must be a number of bytes: 1e9'],
    [ethernet('dhcp4: maybe'), 'ethernets.eth0.dhcp4 must be true or false, not maybe'],
    [ethernet('match: {macaddress: "52:54:00:12:34"}'), 'ethernets.eth0 has no valid MAC address: 52:54:00:12:34'],
    [
      ethernet('nameservers: {addresses: [dns.example]}'),
      'ethernets.eth0.nameservers.addresses.0 has no valid address of a name server: dns.example',
    ],
    [ethernet('nameservers: {search: ["a b"]}'), 'ethernets.eth0.nameservers.search.0 is no domain: a b'],
    [
      ethernet('routes: [{to: 10.0.0.0/8, via: "fe80::1"}]'),
      'ethernets.eth0.routes.0 leads to no valid address: 10.0.0.0',
    ],
    ['version: 2\nethernets: {"eth0;id": {}}', 'ethernets.eth0;id names no network card: eth0;id', 2],
    [
      'version: 1\nconfig: [{type: physical, name: lan-of-the-server}]',
      'config.0 names no network card: lan-of-the-server',
    ],
    [
      'version: 1\nconfig: [{type: physical, name: eth0}, {type: physical, name: eth0}]',
      'config.1 is of a network card that was named before: eth0',
    ],
    [
      'version: 1\nconfig: [{type: physical, name: eth0, subnets: [{type: static, address: 10.0.0.5, netmask: 255.0.255.0}]}]',
      'config.0.subnets.0 does not say how long the network of 10.0.0.5 is',
    ],
  ])('is refused where it is wrong: %j', (text, said, status = 1) => {
    if (status === 1) expect(nocloud(text)).toEqual({ status, said, facts: [] });
    else expect(nocloud(text)).toMatchObject({ status, facts: [] });
  });

  test.each([
    ['{"version": 2', 'line 1 is not understood'],
    ['version: 3\n', 'version is not understood'],
    ['ethernets: {}\n', 'version is not understood'],
    ['network:\n  config: disabled\n', 'network.version is not understood'],
    ['version: 1\nconfig: disabled\n', 'config is not understood'],
    ['version: 1\nconfig: [{type: bond, name: bond0}]\n', 'config.0.type is not understood'],
    ['version: 2\nbonds: {b: {}}\n', 'bonds is not understood'],
    [ethernet('dhcp4-overrides: {use-dns: false}'), 'ethernets.eth0.dhcp4-overrides is not understood'],
    [ethernet('match: {name: "en*"}'), 'ethernets.eth0.match.name is not understood'],
    [ethernet('accept-ra: false'), 'ethernets.eth0.accept-ra is not understood'],
    [ethernet('routes: [{to: default, via: 10.0.0.1, table: 5}]'), 'ethernets.eth0.routes.0.table is not understood'],
    ['a: &b c\n', 'line 1 is not understood'],
    ['version: 2\nethernets:\n\teth0: {}\n', 'line 3 is not understood'],
    ['version: 2\nethernets:\n  eth0: {}\n  eth0: {}\n', 'line 4 is not understood'],
    ['version: 2\nethernets:\n  eth0:\n    addresses: [\n      10.0.0.5/24]\n', 'line 4 is not understood'],
    ['version: 2\nethernets: |\n  eth0: {}\n', 'line 2 is not understood'],
    ['version: !!int 2\n', 'line 1 is not understood'],
    ['version: "2\\n"\n', 'line 1 is not understood'],
    ['version: 2\n   more: x\n', 'line 2 is not understood'],
    ['version: 2\n---\nversion: 1\n', 'line 2 is not understood'],
    [`version: ${'['.repeat(40)}\n`, 'line 1 is not understood'],
    [`a: ${'x'.repeat(5000)}\n`, 'line 1 is not understood'],
    [`${Array.from({ length: 40 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')}\n`, 'line 21 is not understood'],
  ])('is left alone where it is not understood: %j', (text, said) => {
    expect(nocloud(text)).toEqual({ status: 2, said, facts: [] });
  });

  test.each([
    ['{"links": [', 1, 'it is not valid JSON: a value is missing'],
    ['[]', 1, 'it is no map'],
    [{ networks: [{ link: 'x', type: 'ipv4_dhcp' }] }, 1, 'networks.0 has a link that is not there: x'],
    [
      { links, networks: [{ link: 'tap1', type: 'ipv4', ip_address: '10.0.0.5' }] },
      1,
      'networks.0 does not say how long the network of 10.0.0.5 is',
    ],
    [{ links: [{ id: 'x' }], networks: [{ link: 'x', type: 'ipv4_dhcp' }] }, 1, 'links.0 names no network card: '],
    [{ links: [{ id: 'b', type: 'bond' }] }, 2, 'links.0.type is not understood'],
    [{ links, networks: [{ link: 'tap1', type: 'ipv5' }] }, 2, 'networks.0.type is not understood'],
  ])('of OpenStack is refused, or left alone: %j', (data, status, said) => {
    expect(openstack(data)).toMatchObject({ status, said: said.trimEnd(), facts: [] });
  });

  test('never becomes anything but facts, whatever it is', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '\n',
        '\n  ',
        ' ',
        ': ',
        '- ',
        '"',
        "'",
        '[',
        ']',
        '{',
        '}',
        ',',
        '#',
        '$(id)',
        '`id`',
        ';',
        '\t',
      ),
      fc.constantFrom(
        'default',
        '10.0.0.1',
        '/24',
        'eth0',
        'version: 2',
        'null',
        '\0',
        '\x1b[2J',
        '\x1c',
        '/',
        '&',
        '\\',
      ),
      fc.string({ maxLength: 3 }),
    );
    const mutated = (text: string) =>
      fc
        .tuple(fc.nat(text.length), fc.nat(8), piece)
        .map(([at, cut, more]) => text.slice(0, at) + more + text.slice(at + cut));
    const json = JSON.stringify({
      links,
      networks: [{ id: 'n', type: 'ipv4', link: 'tap1', ip_address: '10.0.0.5/24' }],
    });
    const input = fc.oneof(
      mutated(V1).map((text) => [NOCLOUD, text] as const),
      mutated(V2).map((text) => [NOCLOUD, text] as const),
      mutated(json).map((text) => [OPENSTACK, text] as const),
    );
    fc.assert(
      fc.property(input, ([scripts, text]) => {
        const { status, said, facts } = read(scripts, text);
        expect([0, 1, 2]).toContain(status);
        expect(said).toMatch(/^[ -~]*$/);
        if (status !== 0) expect(facts).toEqual([]);
        for (const fact of facts) expect(fact).toMatch(FACT);
      }),
      { numRuns: 150 },
    );
  });

  test('gives the same from YAML as from JSON, or does not understand the YAML', () => {
    const word = fc.constantFrom(
      '10.0.0.5/24',
      'x: y',
      '#',
      "it's",
      'true',
      '2001:db8::5/64',
      '',
      ' ',
      '- a',
      'null',
      '1',
      '~',
      ':',
    );
    const settings = fc.record(
      {
        addresses: fc.array(
          fc.oneof(
            fc.ipV4().map((ip) => `${ip}/24`),
            fc.ipV6().map((ip) => `${ip}/64`),
            word,
          ),
          { maxLength: 3 },
        ),
        nameservers: fc.record({
          addresses: fc.array(fc.oneof(fc.ipV4(), word), { maxLength: 2 }),
          search: fc.array(fc.domain(), { maxLength: 2 }),
        }),
        dhcp4: fc.boolean(),
        mtu: fc.oneof(fc.integer({ min: 60, max: 9000 }), fc.constant(null)),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('eth0', 'eth1'), settings), fc.boolean(), (ethernets, flow) => {
        const data = { version: 2, ethernets };
        const yaml = stringify(data, {
          lineWidth: 0,
          ...(flow ? { collectionStyle: 'flow' as const, flowCollectionPadding: false } : {}),
        });
        const [fromYaml, fromJson] = [nocloud(yaml), nocloud(JSON.stringify(data))];
        if (!(fromYaml.status === 2 && /^line \d+ /.test(fromYaml.said))) expect(fromYaml).toEqual(fromJson);
      }),
      { numRuns: 80 },
    );
  });
});
