import { describe, expect, test } from 'vitest';
import { AUTHORITY_ONE, AUTHORITY_TWO } from '../format/pem.fixture.js';
import { type Lock, type Spec, sha256, type Tree } from '../model/index.js';
import { assemble } from './assemble.js';
import { deb, type Item, inputOf, layer, listing, lockOf, program, textIn } from './layers.fixture.js';

const DAY = 17_274;

/** A tree of one init image and a spec. */
function tree(spec: Spec, init: Readonly<Record<string, Item>> = {}): Promise<Tree> {
  return assemble(inputOf({ init: ['x'], ...spec }, { x: [layer({ 'bin/init': program(), ...init })] }));
}

const ACCOUNTS = {
  'etc/passwd': { text: 'root:x:0:0:the boss:/root:/bin/ash\ndaemon:x:1:1::/:/bin/false\n+nis\n', mode: 0o640 },
  'etc/group': 'root:x:0:\nwheel:x:10:daemon\n',
  'etc/shadow': { text: 'root:$6$hash:1::::::\n', mode: 0o600 },
};

describe('users', () => {
  test('are added to those of the init, whose own lines and modes stay', async () => {
    const users = [{ name: 'ann', uid: 1000, home: '/home/ann', shell: '/bin/sh', groups: ['wheel', 'ops'] }];
    const laid = await tree({ users, files: [{ path: 'home/ann/x', contents: '', uid: 'ann', gid: 'ops' }] }, ACCOUNTS);
    expect(await textIn(laid, 'etc/passwd')).toBe(`${ACCOUNTS['etc/passwd'].text}ann:x:1000:1000::/home/ann:/bin/sh\n`);
    const ops = /ops:x:(\d+):ann\n/.exec(await textIn(laid, 'etc/group'))?.[1];
    expect(await textIn(laid, 'etc/group')).toBe(`root:x:0:\nwheel:x:10:daemon,ann\nann:x:1000:\nops:x:${ops}:ann\n`);
    expect(await textIn(laid, 'etc/shadow')).toBe(`root:$6$hash:1::::::\nann:*:${DAY}:0:99999:7:::\n`);
    expect(listing(laid)).toMatchObject({
      'etc/passwd': expect.stringMatching(/^0640 0:0/),
      'etc/shadow': expect.stringMatching(/^0600 0:0/),
      'home/ann': '0700 1000:1000 directory',
      'home/ann/x': `0600 1000:${ops} 0`,
    });
    expect(laid.entries.find(({ path }) => path === 'etc/passwd')?.component).toBe('settings');
  });

  test('take the place of those with their name', async () => {
    const laid = await tree({ users: [{ name: 'root', uid: 0, home: '/root', shell: '/bin/sh' }] }, ACCOUNTS);
    expect(await textIn(laid, 'etc/passwd')).toMatch(/^root:x:0:0::\/root:\/bin\/sh\n/);
    expect(await textIn(laid, 'etc/shadow')).toBe(`root:*:${DAY}:0:99999:7:::\n`);
  });

  test('have a group with a number that is there, a home that is not made, and no shell, by themselves', async () => {
    const laid = await tree({ users: [{ name: 'app', uid: 500, gid: 10 }] }, ACCOUNTS);
    expect(await textIn(laid, 'etc/passwd')).toMatch(/\napp:x:500:10::\/nonexistent:\/bin\/false\n$/);
    expect(await textIn(laid, 'etc/group')).toBe(ACCOUNTS['etc/group']);
    expect(listing(laid)).not.toHaveProperty('nonexistent');
  });

  test.each([
    [{ name: 'ann', uid: 1 }, /^Cannot add the user ann: the machine's root has a user daemon with the number 1/],
    [{ name: 'wheel', uid: 50 }, /its group of the same name has the number 10, not 50; set gid: 10/],
  ])('are refused: %j', async (user, message) => {
    await expect(tree({ users: [user] }, ACCOUNTS)).rejects.toMatchObject({
      code: 'bad-user',
      message: expect.stringMatching(message),
      context: { property: expect.stringMatching(/^users\[0\]/) },
    });
  });
});

describe('ntp', () => {
  test('is a file for the guest, with a server in each line', async () => {
    const laid = await tree({ ntp: ['b.example', '2001:db8::1'] });
    expect(await textIn(laid, 'etc/ingot/ntp')).toBe('b.example\n2001:db8::1\n');
    expect(listing(await tree({}))).not.toHaveProperty('etc/ingot');
  });
});

describe('network', () => {
  test('is a file for the guest, with a fact in each line', async () => {
    const network: Spec['network'] = {
      interfaces: [
        { name: 'eth0', addresses: ['10.0.0.5/24', '2001:db8::5/64'], gateway4: '10.0.0.1', gateway6: '2001:db8::1' },
        { mac: '52:54:00:AB:CD:EF', addresses: ['203.0.113.7/32'], gateway4: '172.31.1.1', mtu: 1400, dhcp4: true },
        { name: 'eth2', addresses: ['2001:db8:1::5/128'], gateway6: 'fe80::1', dhcp6: true },
        { name: 'eth3' },
      ],
      nameservers: ['10.0.0.53'],
      search: ['a.example'],
    };
    expect(await textIn(await tree({ network }), 'etc/ingot/network')).toBe(
      [
        'eth0 address 10.0.0.5/24',
        'eth0 address 2001:db8::5/64',
        'eth0 route default 10.0.0.1 - -',
        'eth0 route default 2001:db8::1 - -',
        'eth0 dhcp4 off',
        '52:54:00:ab:cd:ef mtu 1400',
        '52:54:00:ab:cd:ef address 203.0.113.7/32',
        '52:54:00:ab:cd:ef route default 172.31.1.1 - onlink',
        '52:54:00:ab:cd:ef dhcp4 on',
        'eth2 address 2001:db8:1::5/128',
        'eth2 route default fe80::1 - onlink',
        'eth2 dhcp4 on',
        'eth2 dhcp6 on',
        'eth3 dhcp4 on',
        '- nameserver 10.0.0.53',
        '- search a.example',
        '',
      ].join('\n'),
    );
    expect(await textIn(await tree({ network: {} }), 'etc/ingot/network')).toBe('');
  });
});

describe('disks', () => {
  test('are a file for the guest, with a disk in each line, and folders where nobody makes them later', async () => {
    const laid = await tree({
      disks: [
        { label: 'data', mount: '/var/lib/data' },
        { serial: 'vol-1', mount: '/srv/two', optional: true },
        { path: '/dev/vdc', label: 'c', mount: '/c', filesystem: 'ext4', logBytes: 1_000_000 },
      ],
    });
    expect(await textIn(laid, 'etc/ingot/disks')).toBe(
      'data - - /var/lib/data ext4 required\n- vol-1 - /srv/two ext4 optional\nc - /dev/vdc /c ext4 required 1000000\n',
    );
    expect(listing(laid)).toMatchObject({ c: '0755 0:0 directory', 'srv/two': '0755 0:0 directory' });
    expect(listing(laid)).not.toHaveProperty(['var/lib/data']);
  });
});

describe('ready', () => {
  test('is a file for the guest, with what the spec says in a line each', async () => {
    const laid = await tree({ ready: { failAfterSeconds: 30, port: 8081 } });
    expect(await textIn(laid, 'etc/ingot/ready')).toBe('port 8081\nfailAfterSeconds 30\n');
    expect(await textIn(await tree({ ready: {} }), 'etc/ingot/ready')).toBe('');
  });
});

describe('ca', () => {
  const BUNDLE = 'etc/ssl/certs/ca-certificates.crt';

  test('makes a bundle in the root of a machine that has none', async () => {
    const laid = await tree({ ca: [AUTHORITY_ONE] });
    expect(await textIn(laid, BUNDLE)).toBe(AUTHORITY_ONE);
    expect(listing(await tree({}))).not.toHaveProperty(BUNDLE);
  });

  test('adds to each bundle once, whatever its names, in the machine and in containers that have one', async () => {
    const image = {
      'bin/app': program(),
      'etc/ssl/certs/ca-certificates.crt': 'old',
      'etc/ssl/cert.pem': { link: 'certs/ca-certificates.crt' },
      'etc/pki/tls/certs/ca-bundle.crt': { link: '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem' },
      'etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem': AUTHORITY_ONE,
      'usr/lib/ssl/openssl.cnf': '',
    };
    const spec: Spec = {
      ca: [AUTHORITY_ONE, AUTHORITY_TWO + AUTHORITY_ONE],
      services: [
        { name: 'app', image: 'img', command: ['app'] },
        { name: 'plain', image: 'deb:plain', command: ['plain'] },
      ],
    };
    const laid = await assemble(
      inputOf(spec, { img: [layer(image)], 'deb:plain': [deb('plain', { 'usr/bin/plain': program() })] }),
    );
    const root = 'containers/services/app/lower';
    expect(await textIn(laid, `${root}/${BUNDLE}`)).toBe(`old\n${AUTHORITY_ONE}${AUTHORITY_TWO}`);
    expect(await textIn(laid, `${root}/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem`)).toBe(
      AUTHORITY_ONE + AUTHORITY_TWO,
    );
    expect(listing(laid)).toMatchObject({
      [`${root}/etc/ssl/cert.pem`]: '-> certs/ca-certificates.crt',
      [`${root}/usr/lib/ssl/cert.pem`]: '-> /etc/ssl/certs/ca-certificates.crt',
    });
    expect(laid.entries.find(({ path }) => path === `${root}/${BUNDLE}`)?.component).toBe('services/app');
    expect(listing(laid)).not.toHaveProperty(`containers/services/plain/lower/${BUNDLE}`);
  });

  test('takes certificates from files, in the order of the spec', async () => {
    const input = (text: string) => {
      const bytes = Buffer.from(text);
      const content = { bytes, sizeBytes: bytes.length, sha256: sha256(bytes) };
      const locked = { digest: content.sha256, sizeBytes: content.sizeBytes };
      const files: Lock['files'] = { 'ca[10]': locked, 'ca[9]': locked };
      return {
        ...inputOf({}),
        lock: { ...lockOf({}), files },
        certificates: new Map([
          ['ca[9]', content],
          ['ca[10]', content],
        ]),
      };
    };
    expect(await textIn(await assemble(input(AUTHORITY_TWO)), BUNDLE)).toBe(AUTHORITY_TWO);
    await expect(assemble(input('hello'))).rejects.toMatchObject({
      code: 'bad-certificate',
      message: expect.stringMatching(/^Cannot trust what ca\[9\]\.source names: it has no block/),
      context: { property: 'ca[9].source' },
    });
  });
});
