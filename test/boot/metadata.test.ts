import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { missingPrograms, skipAllBecause, skipBecause } from '../skip.js';
import { imageOf, script } from './guest-image.js';
import { type BootFiles, GuestMachine } from './guest-machine.js';
import { computeEngine, ec2, MetadataServer } from './metadata-server.js';

const SPEC = {
  hostname: 'of-the-image',
  onboot: [
    script('facts', 'cat /proc/sys/kernel/hostname >/run/config/name; ls -ln /run/config/ssh >/run/config/modes', {
      binds: ['/run:/run'],
    }),
  ],
  services: [
    script('web', 'exec busybox httpd -f -p 80 -h /run/config', {
      binds: ['/run:/run'],
      capabilities: ['CAP_NET_BIND_SERVICE'],
    }),
  ],
};
const USER_DATA = JSON.stringify({
  app: { entries: { conf: { perm: '0600', content: 'line 1\nzwei: ü 😀 "\\"\n' }, empty: { entries: {} } } },
  plain: { content: 'text' },
});

const AWS: Readonly<Record<string, string>> = {
  'meta-data/instance-id': 'i-0123456789abcdef0',
  'meta-data/instance-type': 't3.small',
  'meta-data/placement/availability-zone': 'eu-central-1a',
  'meta-data/placement/region': 'eu-central-1',
  'meta-data/hostname': 'ip-10-0-0-7.eu-central-1.compute.internal',
  'meta-data/local-hostname': 'ip-10-0-0-7.eu-central-1.compute.internal',
  'meta-data/local-ipv4': '10.0.0.7',
  'meta-data/public-keys/0/openssh-key': 'ssh-ed25519 AAAA me\n',
  'user-data': USER_DATA,
};

const aws = ec2(AWS);

const GCP: Readonly<Record<string, string>> = {
  'instance/id': '1234567890123456789',
  'instance/machine-type': 'projects/12345/machineTypes/e2-small',
  'instance/zone': 'projects/12345/zones/europe-west3-b',
  'instance/hostname': `web-1.${'a-long-name.'.repeat(4)}c.project.internal`,
  'instance/network-interfaces/0/ip': '10.156.0.2',
  'instance/attributes/user-data': '#!/bin/sh\nnot for us\n',
  'instance/attributes/ssh-keys': 'me:ssh-ed25519 AAAA me\nyou:ssh-rsa BBBB google-ssh {"expireOn":"2020"}',
  'project/attributes/ssh-keys': 'all:ssh-ed25519 CCCC all',
};

const gcp = computeEngine(GCP);

async function ready(machine: GuestMachine): Promise<void> {
  expect(await machine.report(), await machine.console()).toMatchObject({ ingot: 'ready' });
}

const onEc2 = ['-smbios', 'type=1,manufacturer=Amazon EC2'];

describe('what the provider says of a machine', () => {
  skipAllBecause(missingPrograms('qemu-system-x86_64', 'busybox'));
  let image: BootFiles;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ingot-metadata-'));
    image = await imageOf(SPEC);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** A CD with these files. */
  async function cd(label: string, files: Readonly<Record<string, string>>): Promise<string> {
    const from = await mkdtemp(join(folder, label));
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(from, path)), { recursive: true });
      await writeFile(join(from, path), text);
    }
    const made = spawnSync('xorrisofs', ['-quiet', '-V', label, '-J', '-r', '-o', `${from}.iso`, from]);
    expect(made.status, String(made.stderr)).toBe(0);
    return `${from}.iso`;
  }

  const drive = (path: string, device: string) => [
    ...['-drive', `file=${path},if=none,id=seed,format=raw,readonly=on`, '-device', device],
  ];

  test('comes from EC2 by IMDSv2 alone, and user data of files is laid out', async () => {
    await using server = await MetadataServer.start(aws);
    await using machine = await GuestMachine.start(image, { devices: [...server.devices, ...onEc2] });
    await ready(machine);
    const said: Record<string, string> = {
      provider: 'aws\n',
      instance_id: 'i-0123456789abcdef0',
      instance_type: 't3.small',
      availability_zone: 'eu-central-1a',
      region: 'eu-central-1',
      local_ipv4: '10.0.0.7',
      name: 'ip-10-0-0-7.eu-central-1.compute.internal\n',
      userdata: USER_DATA,
      plain: 'text',
      'app/conf': 'line 1\nzwei: ü 😀 "\\"\n',
      'ssh/authorized_keys': 'ssh-ed25519 AAAA me\n',
    };
    for (const [file, text] of Object.entries(said))
      expect([file, await machine.get(`/${file}`)]).toEqual([file, text]);
    expect(await machine.get('/public_ipv4')).toContain('404');
    expect(server.requests[0]).toBe('PUT /latest/api/token');
    // On a busy host an answer may come too late, and the question again.
    expect(new Set(server.requests).size).toBe(12);
  });

  test('says when EC2 takes a spot instance away, which then stops in order', async () => {
    let isTakenAway = false;
    await using server = await MetadataServer.start((request, response) => {
      if (request.url === '/latest/meta-data/instance-life-cycle') return 'spot';
      if (request.url !== '/latest/meta-data/spot/instance-action') return aws(request, response);
      return isTakenAway ? '{"action": "terminate", "time": "2030-01-01T00:00:00Z"}' : undefined;
    });
    await using machine = await GuestMachine.start(image, { devices: [...server.devices, ...onEc2] });
    await ready(machine);
    isTakenAway = true;
    await machine.sees(/^ingot: EC2 takes this spot instance away\n(.*\n)*?ingot: stopping\n/m);
    expect(await machine.end()).toBe(0);
  });

  test('comes from Compute Engine; other user data is for whoever knows it', async () => {
    await using server = await MetadataServer.start(gcp);
    const devices = [...server.devices, '-smbios', 'type=1,manufacturer=Google,product=Google Compute Engine'];
    await using machine = await GuestMachine.start(image, { devices });
    await ready(machine);
    const said: Record<string, string> = {
      provider: 'gcp\n',
      instance_id: '1234567890123456789',
      instance_type: 'e2-small\n',
      availability_zone: 'europe-west3-b\n',
      region: 'europe-west3\n',
      name: 'web-1\n',
      userdata: '#!/bin/sh\nnot for us\n',
      'ssh/authorized_keys': 'ssh-ed25519 AAAA me\nssh-ed25519 CCCC all\n',
    };
    for (const [file, text] of Object.entries(said))
      expect([file, await machine.get(`/${file}`)]).toEqual([file, text]);
  });

  test('comes from QEMU; without any, the image gives the name', async () => {
    await using given = await GuestMachine.start(image, { userData: '{"port": 8080}\n' });
    await using none = await GuestMachine.start(image);
    await ready(given);
    expect(await given.get('/provider')).toBe('qemu\n');
    expect(await given.get('/userdata')).toBe('{"port": 8080}\n');
    await ready(none);
    expect(await none.get('/name')).toBe('of-the-image\n');
    expect(await none.get('/provider')).toContain('404');
  });

  test('comes from a CD, of NoCloud or of OpenStack', async (context) => {
    const missing = missingPrograms('xorrisofs');
    if (missing !== undefined) skipBecause(context, missing);
    const nocloud = await cd('CIDATA', {
      'user-data': '#cloud-config\nnot: for us\n',
      'meta-data':
        'instance-id: "box 7"\nlocal-hostname: of-the-cd\npublic-keys:\n  - ssh-ed25519 AAAA me\n  - ssh-rsa BBBB you\n',
    });
    const openstack = await cd('config-2', {
      'openstack/latest/user_data': USER_DATA,
      'openstack/latest/meta_data.json': JSON.stringify({
        ...{ uuid: '83679162', hostname: 'of-openstack', public_keys: { a: 'ssh-ed25519 CCCC a' }, meta: { x: ['y'] } },
      }),
    });
    await using one = await GuestMachine.start(image, { devices: drive(nocloud, 'virtio-blk-pci,drive=seed') });
    await using two = await GuestMachine.start(image, {
      devices: ['-device', 'virtio-scsi-pci', ...drive(openstack, 'scsi-cd,drive=seed')],
    });
    await ready(one);
    const said: Record<string, string> = {
      provider: 'nocloud\n',
      instance_id: 'box 7\n',
      name: 'of-the-cd\n',
      userdata: '#cloud-config\nnot: for us\n',
      'ssh/authorized_keys': 'ssh-ed25519 AAAA me\nssh-rsa BBBB you\n',
    };
    for (const [file, text] of Object.entries(said)) expect([file, await one.get(`/${file}`)]).toEqual([file, text]);
    await ready(two);
    expect(await two.get('/provider')).toBe('configdrive\n');
    expect(await two.get('/name')).toBe('of-openstack\n');
    expect(await two.get('/ssh/authorized_keys')).toBe('ssh-ed25519 CCCC a\n');
    expect(await two.get('/plain')).toBe('text');
  });

  test('from a CD takes no more than a provider lets it have, and fails the boot with what is larger', async (context) => {
    const missing = missingPrograms('xorrisofs');
    if (missing !== undefined) skipBecause(context, missing);
    const most = '#'.repeat(256 * 1024);
    const fits = await cd('CIDATA', { 'user-data': most, 'meta-data': 'instance-id: a\n' });
    await using right = await GuestMachine.start(image, { devices: drive(fits, 'virtio-blk-pci,drive=seed') });
    await ready(right);
    expect((await right.get('/userdata')).length).toBe(most.length);
    for (const [label, path, name] of [
      ['CIDATA', 'user-data', 'user-data'],
      ['config-2', 'openstack/latest/user_data', 'user_data'],
    ] as const) {
      const large = await cd(label, { [path]: `${most}#` });
      await using machine = await GuestMachine.start(image, { devices: drive(large, 'virtio-blk-pci,drive=seed') });
      const reason = `${name} is larger than 262144 bytes`;
      expect(await machine.report()).toMatchObject({ ingot: 'failed', phase: 'metadata', reason });
      expect(await machine.end()).toBe(0);
    }
  });

  test.each([
    ['{"app": {"content": "x"', 'user data: it is not valid JSON: a comma is missing'],
    ['{"app": {"content": "x"}, "typo": {"contents": "y"}}', 'user data: /typo has neither content nor entries'],
    ['{"../etc": {"content": "x"}}', 'user data: a name is not of letters, digits, dots, dashes: ../etc'],
  ])('fails the boot with %s', async (userData, reason) => {
    await using machine = await GuestMachine.start(image, { userData });
    expect(await machine.report()).toMatchObject({ ingot: 'failed', phase: 'metadata', reason });
    expect(await machine.end()).toBe(0);
  });
});
