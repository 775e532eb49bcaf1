import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../free-port.js';
import { missingPrograms, skipAllBecause } from '../skip.js';
import { imageOf, script } from './guest-image.js';
import { type BootFiles, GuestMachine, HANGS_MS, untilAnswered } from './guest-machine.js';
import { DOMAIN, Ipv6Router, LEASED, NAME_SERVER } from './ipv6-router.js';

const MAC = '52:54:00:ab:cd:ef';
/** Says what the machine is at the moment, on port 80 of all its addresses. */
const SERVICES = [
  script(
    'web',
    `cd /tmp; busybox httpd -p 80 -h /tmp
    while :; do
      { busybox ip addr; busybox ip route; busybox ip -6 route; cat /proc/sys/kernel/hostname; } >network.new
      cat /etc/resolv.conf >names.new
      busybox mv names.new names; busybox mv network.new network
      busybox sleep 1
    done`,
    {
      ...{ capabilities: ['CAP_NET_BIND_SERVICE'], tmpfs: ['/tmp'] },
      ...{ binds: ['/etc/resolv.conf:/etc/resolv.conf'], health: { http: { port: 80, path: '/network' } } },
    },
  ),
];

/** Kills both clients, waits until one of either is back, and tells whether an address was gone meanwhile. */
const KILLER = `
clients() { busybox pidof udhcpc$1; }
has_both() { [ "$(busybox ip addr | busybox grep -cE 'inet 10.0.2.15/24|${LEASED}/128')" = 2 ]; }
until has_both; do busybox sleep 0.2; done
old4=$(clients) old6=$(clients 6)
busybox kill -9 $old4 $old6
until new4=$(clients) && new6=$(clients 6) && [ "$new4" != "$old4" ] && [ "$new6" != "$old6" ]; do busybox sleep 0.2; done
# What they had stays.
gone=no
for _ in 1 2 3 4 5 6 7 8 9 10; do
  has_both || gone=yes
  busybox sleep 0.5
done
# One that starts its script is two for a moment.
is_one() { set -- $(clients $1); [ $# = 1 ]; }
until is_one && is_one 6; do busybox sleep 0.2; done
echo "one client is back of each, an address was gone: $gone" >/dev/console
while :; do busybox sleep 60; done`;

/** Of the second network: QEMU itself has it, and says so at once when the machine asks, which waits for a second. */
const TAKEN = 'fd00:7::2';

/** A second network card, whose network gives other addresses by DHCP than the one that it can be reached at. */
class SecondCard {
  readonly devices: readonly string[];
  readonly #port: number;

  private constructor(port: number, address: string) {
    this.#port = port;
    const network = `user,id=second,net=192.0.2.0/24,host=192.0.2.2,dhcpstart=192.0.2.100,ipv6-net=fd00:7::/64,ipv6-host=${TAKEN}`;
    this.devices = [
      ...['-netdev', `${network},hostfwd=tcp:127.0.0.1:${port}-${address}:80`],
      ...['-device', `virtio-net-pci,netdev=second,mac=${MAC},romfile=`],
    ];
  }

  static async at(address: string): Promise<SecondCard> {
    return new SecondCard(await freePort(), address);
  }

  /** What the machine says when it is asked at that address. */
  async get(path: string): Promise<string> {
    return (await untilAnswered(`http://127.0.0.1:${this.#port}${path}`)).text;
  }
}

/** A boot does not wait for ever for what others say of the network; on a busy host it comes later. Resolves to what is there then. */
async function told(text: () => Promise<string>, ...wanted: readonly (RegExp | string)[]): Promise<string> {
  const missing = async (): Promise<unknown[]> => {
    const said = await text();
    return wanted.filter((one) => (typeof one === 'string' ? !said.includes(one) : !one.test(said)));
  };
  await expect.poll(missing, { timeout: HANGS_MS, interval: 500 }).toEqual([]);
  return text();
}

function names(text: () => Promise<string>) {
  return expect.poll(text, { timeout: HANGS_MS, interval: 500 });
}

async function ready(machine: GuestMachine): Promise<void> {
  expect(await machine.report(), await machine.console()).toMatchObject({ ingot: 'ready' });
}

describe('the network of a machine', () => {
  skipAllBecause(missingPrograms('qemu-system-x86_64', 'busybox'));
  let withAddress: BootFiles;
  let plain: BootFiles;
  beforeAll(async () => {
    const network = {
      interfaces: [
        {
          ...{ name: 'eth1', addresses: ['192.0.2.7/24', '2001:db8::7/64', `${TAKEN}/64`], mtu: 1400 },
          ...{ gateway4: '192.0.2.2', gateway6: 'fe80::1' },
        },
      ],
      nameservers: ['192.0.2.53'],
      search: ['one.example', 'two.example'],
    };
    withAddress = await imageOf({ network, services: SERVICES });
    plain = await imageOf({ services: SERVICES });
  });

  test('is what the spec says of a card, and DHCP of the others', async () => {
    const card = await SecondCard.at('192.0.2.7');
    await using machine = await GuestMachine.start(withAddress, { devices: card.devices });
    await ready(machine);
    const network = await told(
      () => card.get('/network'),
      /eth1: .* mtu 1400 /,
      'inet 192.0.2.7/24 brd 192.0.2.255 scope global eth1',
      // It can be used: the kernel has asked whether another machine has it.
      /inet6 2001:db8::7\/64 scope global(?! tentative)/,
      'default via 192.0.2.2 dev eth1  metric 3',
      'default via fe80::1 dev eth1  metric 3',
      'inet 10.0.2.15/24 brd 10.0.2.255 scope global eth0',
      'default via 10.0.2.2 dev eth0  metric 2',
      /^localhost$/m,
    );
    expect(network).not.toContain('192.0.2.100');
    await machine.sees(/ingot: another machine has the IPv6 address fd00:0007:0000:0000:0000:0000:0000:0002 of eth1\n/);
    await names(() => card.get('/names')).toBe(
      'nameserver 192.0.2.53\nsearch one.example two.example\nnameserver 10.0.2.3\n',
    );
  });

  test('is what a router announces and a DHCPv6 server leases; clients that are killed come back, and addresses stay', async () => {
    const network = { interfaces: [{ mac: MAC, dhcp4: false, dhcp6: true }] };
    const killer = script('killer', KILLER, {
      pid: 'host',
      binds: ['/dev:/dev'],
      capabilities: ['all'],
      after: ['web'],
    });
    const image = await imageOf({ network, services: [...SERVICES, killer] });
    await using router = await Ipv6Router.start();
    await using machine = await GuestMachine.start(image, { devices: router.devices(MAC) });
    await ready(machine);
    await told(
      () => machine.get('/network'),
      `inet6 ${LEASED}/128 scope global`,
      // The router is heard up to a second after the kernel has asked for it.
      /inet6 2001:db8:6:0:5054:ff:feab:cdef\/64 scope global/,
      /default via fe80::1 dev eth1 /,
    );
    await names(() => machine.get('/names')).toBe(`nameserver 10.0.2.3\nsearch ${DOMAIN}\nnameserver ${NAME_SERVER}\n`);
    await machine.sees(/ingot: the dhcp_client of eth0 died; starting it again\n/);
    await machine.sees(/ingot: the dhcp6_client of eth1 died; starting it again\n/);
    const [, gone] = await machine.sees(/^one client is back of each, an address was gone: (.*)$/m);
    expect(gone).toBe('no');
  });

  test('fails the boot where the card of the spec is not there', async () => {
    await using machine = await GuestMachine.start(withAddress);
    expect(await machine.report()).toMatchObject({
      ingot: 'failed',
      phase: 'network',
      reason: expect.stringMatching(
        /^the image sets up network cards that are not there: eth1; there are: eth0 52:54:00:12:34:56$/,
      ),
    });
    expect(await machine.end()).toBe(0);
  });

  describe('of a disk for the machine', () => {
    skipAllBecause(missingPrograms('xorrisofs'));
    let folder: string;
    let count = 0;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'ingot-network-'));
    });
    afterAll(() => rm(folder, { recursive: true, force: true }));

    async function drive(label: string, files: Readonly<Record<string, string>>): Promise<string[]> {
      const from = join(folder, `${++count}`);
      for (const [path, text] of Object.entries(files)) {
        await mkdir(dirname(join(from, path)), { recursive: true });
        await writeFile(join(from, path), text);
      }
      const made = spawnSync('xorrisofs', ['-quiet', '-V', label, '-J', '-r', '-o', `${from}.iso`, from]);
      expect(made.status, String(made.stderr)).toBe(0);
      const name = `seed${count}`;
      return [
        '-drive',
        `file=${from}.iso,if=none,id=${name},format=raw,readonly=on`,
        '-device',
        `virtio-blk-pci,drive=${name}`,
      ];
    }
    const nocloud = (config: string) =>
      drive('cidata', { 'meta-data': 'local-hostname: seeded\n', 'network-config': config });

    test('is what NoCloud says, which wins over the spec for the same card', async () => {
      const card = await SecondCard.at('192.0.2.9');
      const config = [
        ...['network:', '  version: 2', '  ethernets:', '    lan:', '      match:'],
        ...[`        macaddress: "${MAC.toUpperCase()}"`, '      addresses: [192.0.2.9/24]'],
        ...['      routes:', '      - to: default', '        via: 192.0.2.2', '        metric: 50'],
        ...['      nameservers: {addresses: [192.0.2.3], search: [seed.example]}', ''],
      ];
      const devices = [...card.devices, ...(await nocloud(config.join('\n')))];
      await using machine = await GuestMachine.start(withAddress, { devices });
      await ready(machine);
      const network = await told(
        () => card.get('/network'),
        'inet 192.0.2.9/24 brd 192.0.2.255 scope global eth1',
        'default via 192.0.2.2 dev eth1  metric 50',
        '10.0.2.15/24',
        /^seeded$/m,
      );
      expect(network).not.toMatch(/192\.0\.2\.7|2001:db8/);
      await names(() => card.get('/names')).toBe('nameserver 192.0.2.3\nsearch seed.example\nnameserver 10.0.2.3\n');
    });

    test('is what an OpenStack config drive says', async () => {
      const card = await SecondCard.at('192.0.2.11');
      const data = {
        links: [{ id: 'tap1', type: 'ovs', ethernet_mac_address: MAC, mtu: 1450, vif_id: 'x' }],
        networks: [
          {
            ...{ id: 'network0', type: 'ipv4', link: 'tap1', ip_address: '192.0.2.11', netmask: '255.255.255.0' },
            ...{ routes: [{ network: '198.51.100.0', netmask: '255.255.255.0', gateway: '192.0.2.2' }] },
          },
        ],
        services: [{ type: 'dns', address: '192.0.2.3' }],
      };
      const files = { 'openstack/latest/network_data.json': JSON.stringify(data) };
      const devices = [...card.devices, ...(await drive('config-2', files))];
      await using machine = await GuestMachine.start(plain, { devices });
      await ready(machine);
      await told(
        () => card.get('/network'),
        'inet 192.0.2.11/24 brd 192.0.2.255 scope global eth1',
        /eth1: .* mtu 1450 /,
        '198.51.100.0/24 via 192.0.2.2 dev eth1  metric 3',
      );
    });

    test('is DHCP where it is not understood, and the console says what', async () => {
      const config = 'version: 2\nethernets: {}\nbonds:\n  bond0:\n    interfaces: [eth0]\n';
      await using machine = await GuestMachine.start(plain, { devices: await nocloud(config) });
      await ready(machine);
      expect(await machine.console()).toContain(
        'ingot: network-config is not used: bonds is not understood; going on as without it\n',
      );
      await told(() => machine.get('/network'), '10.0.2.15/24');
    });

    test.each([
      [
        'version: 2\nethernets:\n  eth0:\n    addresses: [10.0.2.300/24]\n',
        'network-config: ethernets.eth0.addresses.0 has no valid address: 10.0.2.300',
      ],
      [
        'version: 2\nethernets:\n  eth0:\n    addresses: [10.0.2.15/24]\n    gateway4: 10.9.9.9\n',
        /^eth0 does not take the route to default by 10.9.9.9: .*unreachable/,
      ],
    ])('fails the boot where it is wrong: %j', async (config, reason) => {
      await using machine = await GuestMachine.start(plain, { devices: await nocloud(config) });
      const said = typeof reason === 'string' ? reason : expect.stringMatching(reason);
      expect(await machine.report()).toMatchObject({ ingot: 'failed', phase: 'network', reason: said });
    });
  });
});
