import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findFirmware } from '../../provider/src/run/qemu/firmware.js';
import { type Ended, ingot } from '../cli/ingot.js';
import { umociImage } from '../conformance/oci-images.js';
import { missingPrograms, skipAllBecause, skipBecause } from '../skip.js';

/**
 * What LinuxKit's own init and its `runc` do, in short: mounts, then each bundle of `onboot` in the order of the names,
 * with the mounts that its runtime.json asks for, then the services.
 */
const INIT = `#!/usr/bin/busybox sh
busybox=/usr/bin/busybox
$busybox mount -t proc proc /proc
$busybox mount -t sysfs sysfs /sys
$busybox mount -t devtmpfs devtmpfs /dev
$busybox mkdir -p /dev/pts /dev/shm /run /tmp
$busybox mount -t devpts devpts /dev/pts
$busybox mount -t cgroup2 cgroup2 /sys/fs/cgroup
exec </dev/null >/dev/console 2>&1
export PATH=/usr/sbin:/usr/bin
binds() {
  awk -F'"' '/"destination"/ { to = $4 } /"source"/ { from = $4 } /"bind"/ { print from, to }' "$1/runtime.json" |
    while read -r from to; do mount --bind "$from" "$to"; done
}
for bundle in /containers/onboot/*; do
  name=$(basename "$bundle")
  binds "$bundle"
  # The root is that of the kernel, which cannot be pivoted away from.
  crun run --no-pivot --bundle "$bundle" "$name" || echo "init: $name failed"
done
for bundle in /containers/services/*; do
  name=$(basename "$bundle")
  binds "$bundle"
  crun run --no-pivot --detach --bundle "$bundle" "$name"
done
echo 'init: all is started'
while :; do sleep 3600; done
`;

const SPEC = `
kernel:
  image: deb:linux-image-cloud-amd64
  cmdline: console=ttyS0 quiet panic=-1
init: ["oci:images:web", "deb:busybox-static,crun"]
onboot:
  - name: one
    image: deb:busybox-static
    command: [busybox, echo, "onboot: the first step"]
    readonly: true
  - name: two
    image: deb:busybox-static
    command: [busybox, echo, "onboot: the second step"]
    readonly: true
services:
  - name: web
    image: deb:busybox-static
    command: [busybox, echo, "services: web"]
    readonly: true
`;

const WANTED = ['onboot: the first step', 'onboot: the second step', 'services: web', 'init: all is started'];

describe('an image with an init of its own', () => {
  skipAllBecause(missingPrograms('umoci', 'qemu-system-x86_64'));
  let folder: string;
  let environment: Record<string, string>;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ingot-own-init-'));
    environment = {
      INGOT_STATE: join(folder, '.state'),
      ...(process.env.INGOT_CACHE ? { INGOT_CACHE: process.env.INGOT_CACHE } : {}),
    };
    if (missingPrograms('umoci') !== undefined) return;
    await writeFile(join(folder, 'init'), INIT);
    umociImage(folder, [`install -m 0755 '${join(folder, 'init')}' init`]);
    await writeFile(join(folder, 'kit.yml'), SPEC);
    await writeFile(join(folder, 'disk.yml'), `${SPEC}root: ram\n`);
  });
  afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));

  function run(...words: string[]): Promise<Ended> {
    return ingot(words, { folder, environment });
  }

  test('boots by its kernel, and runs its steps in order', async () => {
    const { code, stderr } = await run(
      'test',
      '--timeout',
      '200',
      ...WANTED.flatMap((text) => ['--console', text]),
      'kit.yml',
    );
    expect(code, stderr).toBe(0);
  });

  test('boots as a disk with its root in memory, by UEFI', async (context) => {
    const reason = await findFirmware('linux/amd64', { qemu: '/usr/bin/qemu-system-x86_64' }).then(
      () => undefined,
      (error: Error) => error.message,
    );
    if (reason !== undefined) skipBecause(context, reason);
    const started = await run('run', '--detach', '--json', '--firmware', 'uefi', '--memory', '768', 'disk.yml');
    expect(started.code, started.stderr).toBe(0);
    const { id, consoleFile } = JSON.parse(started.stdout) as { id: string; consoleFile: string };
    try {
      let said = '';
      for (let i = 0; i < 4000 && !WANTED.every((text) => said.includes(text)); i++) {
        await sleep(100);
        said = await readFile(consoleFile, 'utf8');
      }
      const lines = said.replaceAll('\r', '').split('\n');
      const found = lines.filter((line) => WANTED.includes(line));
      expect(found.slice(0, 2)).toEqual(WANTED.slice(0, 2));
      // The service prints when it comes to it.
      expect(found.toSorted()).toEqual(WANTED.toSorted());
    } finally {
      await run('stop', id);
    }
  });

  test('is no disk without a boot stub, and the error says what pins one', async () => {
    const { code, stderr } = await run('build', '-f', 'raw-efi', 'kit.yml');
    expect(code).toBe(1);
    expect(stderr).toContain('root: ram');
  });
});
