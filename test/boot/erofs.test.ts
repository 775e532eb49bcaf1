import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { noise } from '../../provider/src/encode/block-image.fixture.js';
import { encodeErofsRoot } from '../../provider/src/encode/erofs-root.js';
import { encodeKernelInitrd } from '../../provider/src/encode/kernel-initrd.js';
import { file, MemoryStore, treeOf } from '../../provider/src/encode/tree.fixture.js';
import { debianFiles } from '../conformance/debian-files.js';
import { missingPrograms, skipBecause } from '../skip.js';

const MODULES = ['virtio_blk', 'crc32c_generic', 'libcrc32c', 'netfs', 'erofs'];
const CONTENTS = new Map<string, Buffer>([
  ['etc/motd', Buffer.from('hello')],
  ['usr/bin/large', noise(3_000_000, 1)],
  ['usr/bin/medium', noise(300_000, 2)],
  ['usr/bin/small', noise(9000, 3)],
  ...Array.from({ length: 500 }, (_, i): [string, Buffer] => [`many/file ${i}`, noise(i * 9, i)]),
]);

describe("Debian's kernel", () => {
  let folder: string;
  let reason = missingPrograms('qemu-system-x86_64', 'xz');
  let files = new Map<string, Buffer>();
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ingot-erofs-boot-'));
    if (reason !== undefined) return;
    try {
      files = await debianFiles(['linux-image-cloud-amd64', 'busybox-static'], {
        follow: /^linux-image-/,
        wanted: new RegExp(`^boot/vmlinuz-|bin/busybox$|/(${MODULES.join('|')})\\.ko\\.xz$`),
      });
    } catch (error) {
      reason = `no packages of Debian 13: ${(error as Error).message.slice(0, 200)}`;
    }
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('mounts the root, and reads what the tree says', async (context) => {
    if (reason !== undefined) skipBecause(context, reason);
    const tree = treeOf([...CONTENTS].map(([path, bytes]) => file(path, bytes)));
    const root = await encodeErofsRoot(tree, { name: 'boot' }, new MemoryStore().context());
    await using target = await open(join(folder, 'root'), 'w');
    await target.truncate(root.sizeBytes);
    for await (const { offset, bytes } of root.pieces()) await target.write(bytes, 0, bytes.length, offset);

    const boot = treeOf(initramfs(files));
    const parts = await encodeKernelInitrd(boot, { commandLine: '', compression: 'none' }, new MemoryStore().context());
    for (const { role, bytes } of parts) await writeFile(join(folder, role), bytes());
    const console = await run(folder);
    const lines = [...CONTENTS].map(
      ([path, bytes]) => `${createHash('sha256').update(bytes).digest('hex')}  ./${path}`,
    );
    const wanted = createHash('sha256')
      .update(`${lines.sort().join('\n')}\n`)
      .digest('hex');
    expect(console).toContain(`contents ${wanted}`);
  });
});

function initramfs(files: ReadonlyMap<string, Buffer>) {
  const find = (name: string) => [...files].find(([path]) => basename(path).startsWith(name))?.[1];
  const modules = MODULES.flatMap((name) => {
    const packed = find(`${name}.ko`);
    return packed === undefined
      ? []
      : [file(`${name}.ko`, execFileSync('xz', ['-dc'], { input: packed, maxBuffer: 1 << 26 }))];
  });
  const script = `#!/bin/busybox sh
/bin/busybox mkdir -p /proc /dev /mnt
/bin/busybox mount -t devtmpfs none /dev
for m in ${MODULES.join(' ')}; do [ ! -f /$m.ko ] || /bin/busybox insmod /$m.ko; done
/bin/busybox mount -t erofs -o ro /dev/vda /mnt
cd /mnt && echo "contents $(/bin/busybox find . -type f | /bin/busybox tr '\\n' '\\0' | /bin/busybox xargs -0 /bin/busybox sha256sum | /bin/busybox sort | /bin/busybox sha256sum)"
/bin/busybox poweroff -f
`;
  return [
    file('boot/kernel', find('vmlinuz') as Buffer),
    file('bin/busybox', find('busybox') as Buffer, { mode: 0o755 }),
    file('init', script, { mode: 0o755 }),
    ...modules,
  ];
}

async function run(folder: string): Promise<string> {
  const child = spawn(
    'qemu-system-x86_64',
    [
      ...['-accel', 'tcg', '-cpu', 'max,cx16=off', '-m', '512', '-nographic', '-no-reboot', '-nodefaults'],
      ...['-serial', 'stdio', '-kernel', join(folder, 'kernel'), '-initrd', join(folder, 'initrd')],
      ...['-append', 'console=ttyS0 quiet no_timer_check cryptomgr.notests panic=-1'],
      ...['-drive', `file=${join(folder, 'root')},if=virtio,format=raw,readonly=on`],
    ],
    { stdio: ['ignore', 'pipe', 'inherit'], timeout: 600_000 },
  );
  let said = '';
  for await (const bytes of child.stdout) said += String(bytes);
  return said;
}
