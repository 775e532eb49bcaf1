import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { EncodeContext } from '../../provider/src/encode/context.js';
import { encodeKernelInitrd } from '../../provider/src/encode/kernel-initrd.js';
import { encodeTar } from '../../provider/src/encode/tar.js';
import { type Gpt, gptHead, gptTail, SECTOR_BYTES } from '../../provider/src/format/gpt.js';
import { ROOT_FILE, ROOT_SERIAL, rootArguments } from '../../provider/src/model/boot.js';
import type { Tree, TreeEntry } from '../../provider/src/model/tree.js';
import { commandLineOf } from '../../provider/src/pipeline/command-line.js';
import { open } from '../../provider/src/pipeline/open.js';
import { lock, openWorkshop, parse, type Workshop } from '../../provider/src/pipeline.js';
import { settingsFrom } from '../../provider/src/settings.js';
import { assemble } from '../../provider/src/tree/assemble.js';
import { assembleInitramfs } from '../../provider/src/tree/initramfs.js';
import { KERNEL } from './guest-image.js';
import type { BootFiles } from './guest-machine.js';

/** The same root to be booted in each way that there is, made by the reference tools: mkfs.erofs and veritysetup. */
export interface DiskRoot {
  /** From a partition of `disk`, checked. */
  readonly verity: BootFiles;
  readonly disk: string;
  /** Where the root begins in `disk`. */
  readonly rootOffset: number;
  /** From the whole of `erofs`, as a virtio disk with this serial number. */
  readonly plain: BootFiles;
  readonly erofs: string;
  readonly serial: string;
  readonly ram: BootFiles;
}

const ROOT_GUID = '3A6F7A3C-11D2-4B5A-8C7E-0123456789AB';
const VERITY_GUID = '7D0EE5A1-22E3-4C6B-9D8F-FEDCBA987654';
const SALT = '5a'.repeat(32);
const BLOCK_BYTES = 4096;

export async function diskRootOf(spec: object, folder: string): Promise<DiskRoot> {
  await using workshop = await openWorkshop(settingsFrom(process.env), {
    directory: __dirname,
    signal: new AbortController().signal,
    progress: () => undefined,
    now: () => new Date(),
  });
  const parsed = await parse({ kernel: KERNEL, ...spec }, workshop);
  const image = await lock(parsed.spec, {}, workshop);
  const input = await open(image, workshop);
  const tree = await assemble(input);
  const context = contextOf(workshop);
  const erofs = await erofsOf(tree, { folder, context });
  const { hashTree, rootHash } = await hashTreeOf(erofs, folder);
  const root = await readFile(erofs);
  const { bytes, rootOffset } = diskOf(hashTree, root);
  const disk = join(folder, 'disk');
  await writeFile(disk, bytes);

  const boot = (own: Tree, name: string, words: string) =>
    bootFilesOf(own, {
      kernel: kernelIn(tree),
      name,
      commandLine: `${commandLineOf(image.lock)} ${words}`,
      folder,
      context,
    });
  const verity = { guid: VERITY_GUID, rootHash, salt: SALT, blocks: root.length / BLOCK_BYTES };
  const withVerity = await assembleInitramfs(input, { root: 'disk', verity: true });
  const withoutVerity = await assembleInitramfs(input, { root: 'disk', verity: false });
  const carrier = await assembleInitramfs(input, { root: 'ram', verity: false });
  return {
    verity: await boot(withVerity, 'verity', rootArguments({ in: 'partition', guid: ROOT_GUID, verity })),
    plain: await boot(withoutVerity, 'plain', rootArguments({ in: 'disk', serial: ROOT_SERIAL })),
    ram: await boot(await carrying(carrier, root, workshop), 'ram', rootArguments({ in: 'ram' })),
    ...{ disk, rootOffset, erofs, serial: ROOT_SERIAL },
  };
}

function contextOf({ store, signal }: Workshop): EncodeContext {
  return {
    read: (range) => store.stream(range, signal),
    readInto: (range, target) => store.readInto(range, target),
    memo: async (_, make) => ({ ...(await blobOf(make(), store)), offset: 0 }),
    signal,
  };
}

async function blobOf(bytes: AsyncIterable<Uint8Array>, store: Workshop['store']) {
  const { digest, sizeBytes } = await store.put(bytes, { signal: new AbortController().signal });
  return { blob: digest, sizeBytes };
}

function kernelIn(tree: Tree): readonly TreeEntry[] {
  return tree.entries.filter(({ path }) => path === 'boot' || path === 'boot/kernel');
}

async function bootFilesOf(
  initramfs: Tree,
  options: { kernel: readonly TreeEntry[]; name: string; commandLine: string; folder: string; context: EncodeContext },
): Promise<BootFiles> {
  const { kernel, name, commandLine, folder, context } = options;
  const entries = [...initramfs.entries, ...kernel].sort((a, b) => (a.path < b.path ? -1 : 1));
  const files = await encodeKernelInitrd({ ...initramfs, entries }, { commandLine, compression: 'none' }, context);
  for (const { role, bytes } of files) {
    await pipeline(Readable.from(bytes()), createWriteStream(join(folder, `${name}.${role}`)));
  }
  return { kernel: join(folder, `${name}.kernel`), initrd: join(folder, `${name}.initrd`), commandLine };
}

/** The initramfs with the root in it. */
async function carrying(initramfs: Tree, root: Buffer, { store }: Workshop): Promise<Tree> {
  const stored = await blobOf(Readable.from([root]), store);
  const sha256 = `sha256:${createHash('sha256').update(root).digest('hex')}` as const;
  const file: TreeEntry = {
    ...{ path: ROOT_FILE, type: 'file', mode: 0o644, uid: 0, gid: 0, mtimeSeconds: 0, component: 'root' },
    content: { ...stored, offset: 0, sha256 },
  };
  return {
    entries: [...initramfs.entries, file].sort((a, b) => (a.path < b.path ? -1 : 1)),
    components: [...initramfs.components, { id: 'root', kind: 'files' }],
  };
}

async function erofsOf(tree: Tree, { folder, context }: { folder: string; context: EncodeContext }): Promise<string> {
  const entries = tree.entries.filter(({ path }) => !path.startsWith('boot/'));
  const [tar] = await encodeTar({ ...tree, entries }, context);
  const unpacked = join(folder, 'unpacked');
  await mkdir(unpacked);
  if (tar === undefined) throw new Error('there is no tar');
  await pipeline(Readable.from(tar.bytes()), createWriteStream(join(folder, 'root.tar')));
  run('tar', ['-xf', join(folder, 'root.tar'), '-C', unpacked]);
  run('mkfs.erofs', ['--all-root', '-T0', join(folder, 'root.erofs'), unpacked]);
  await rm(unpacked, { recursive: true });
  return join(folder, 'root.erofs');
}

async function hashTreeOf(erofs: string, folder: string): Promise<{ hashTree: Buffer; rootHash: string }> {
  const file = join(folder, 'hash-tree');
  const said = run('veritysetup', ['format', `--salt=${SALT}`, erofs, file]);
  const rootHash = /^Root hash:\s*([0-9a-f]{64})$/m.exec(said)?.[1] ?? '';
  return { hashTree: await readFile(file), rootHash };
}

/** Partition table, hash tree, root, partition table. */
function diskOf(hashTree: Buffer, root: Buffer): { bytes: Buffer; rootOffset: number } {
  const align = (sizeBytes: number): number => Math.ceil(sizeBytes / 1048576) * 1048576;
  const rootOffset = 1048576 + align(hashTree.length);
  const bytes = Buffer.alloc(rootOffset + align(root.length) + 1048576);
  const partition = (guid: string, name: string, offset: number, size: number) => ({
    typeGuid: '0FC63DAF-8483-4772-8E79-3D69D8477DE4',
    ...{ guid, name },
    startLba: offset / SECTOR_BYTES,
    endLba: (offset + align(size)) / SECTOR_BYTES - 1,
  });
  const gpt: Gpt = {
    diskGuid: '9C1F3B52-33F4-4D7C-AE90-A1B2C3D4E5F6',
    sectors: bytes.length / SECTOR_BYTES,
    partitions: [
      partition(VERITY_GUID, 'verity', 1048576, hashTree.length),
      partition(ROOT_GUID, 'root', rootOffset, root.length),
    ],
  };
  gptHead(gpt).copy(bytes);
  const tail = gptTail(gpt);
  tail.copy(bytes, bytes.length - tail.length);
  hashTree.copy(bytes, 1048576);
  root.copy(bytes, rootOffset);
  return { bytes, rootOffset };
}

function run(command: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} failed: ${stderr}`);
  return stdout;
}
