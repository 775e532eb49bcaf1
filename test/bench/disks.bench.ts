import { mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, test } from 'vitest';
import type { LockedImage } from '../../provider/src/model/lock.js';
import { silent } from '../../provider/src/model/progress.js';
import {
  bootFiles,
  build as buildImage,
  type Compression,
  lock,
  openWorkshop,
  parse,
  type Workshop,
} from '../../provider/src/pipeline.js';
import type { KernelBoot } from '../../provider/src/run/qemu/boot-source.js';
import { settingsFrom } from '../../provider/src/settings.js';
import { BLOCK_BYTES, differingBlocks } from './differing-blocks.js';
import { forgetParts } from './forget-parts.js';
import { LargeImage } from './large-image.js';
import { median, secondsOf } from './measure.js';
import { packageIn, upgrade, writePackage } from './package-upgrade.js';
import { record, recordBlocks, recordMemory } from './row.js';
import { FIRST_PROGRAM, type TimeToInit, timeToInit } from './time-to-init.js';
import { type Usage, usageOf } from './usage.js';

const INGOT = resolve(__dirname, '../../provider/bin/ingot.js');
const RUNS = 3;
const MAX_MEGABYTES = 150;
const COLD_SECONDS = 3;
/** What is read of the disk is compared with copying it once, which is what any program has to do that writes it. */
const FORMATS = [
  { format: 'tar', changedSeconds: 0.6, coldSeconds: 21.5 / 20 },
  { format: 'kernel+initrd', changedSeconds: 0.4, coldSeconds: COLD_SECONDS },
  { format: 'kernel+erofs', changedSeconds: 0.7, coldSeconds: COLD_SECONDS },
  { format: 'raw-efi', changedSeconds: 0.7, coldSeconds: COLD_SECONDS },
  { format: 'aws', changedSeconds: 0.7, coldSeconds: COLD_SECONDS },
  { format: 'qcow2-efi', changedSeconds: 0.7, coldSeconds: COLD_SECONDS },
] as const;

/** The largest of the files of each format. */
const LARGEST: Readonly<Record<string, string>> = {
  tar: 'large.tar',
  'kernel+initrd': 'large-initrd.img',
  'kernel+erofs': 'large-erofs.img',
  'raw-efi': 'large-efi.img',
  aws: 'large.raw',
  'qcow2-efi': 'large-efi.qcow2',
};

let folder: string;
let image: LargeImage;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ingot-bench-disks-'));
  image = await LargeImage.create(folder);
  await build('tar');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function build(format: string, more: readonly string[] = []): Promise<Usage> {
  return usageOf([INGOT, 'build', '-f', format, ...more, 'large.yml'], { folder });
}

test.each(FORMATS)('$format', async ({ format, changedSeconds, coldSeconds }) => {
  const cold: Usage[] = [];
  const changed: Usage[] = [];
  const copies: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    await forgetParts();
    cold.push(await build(format));
    await image.change();
    changed.push(await build(format));
    copies.push(await secondsOf('cp', ['--sparse=auto', LARGEST[format] as string, 'copy'], { cwd: folder }));
  }
  const reference = { name: 'cp of it', seconds: median(copies) };
  const rows = [
    { name: `${format}, nothing kept but layers`, usages: cold, goal: coldSeconds },
    { name: `${format}, one file changed`, usages: changed, goal: changedSeconds },
  ];
  for (const { name, usages, goal } of rows) {
    const [oursSeconds, cpuSeconds] = [median(usages.map(({ seconds }) => seconds)), median(usages.map(cpuOf))];
    record({ name, oursSeconds, cpuSeconds, reference, goalTotalSeconds: goal });
    const megabytes = Math.max(...usages.map((usage) => usage.megabytes));
    recordMemory({ name, megabytes, goalMegabytes: MAX_MEGABYTES });
  }
  for (const name of new Set(['copy', LARGEST[format] as string])) await rm(join(folder, name), { force: true });
});

const DISK = 'large-efi.img';

test('blocks that differ when a file changes', async () => {
  const signing = await keysIn(folder);
  await buildIn(folder, signing);
  await rename(join(folder, DISK), join(folder, 'before.img'));
  await image.change();
  await buildIn(folder, signing);
  const { differing, of, places } = await differingBlocks(join(folder, 'before.img'), join(folder, DISK));
  const name = 'raw-efi with hash tree and signature, one file changed';
  recordBlocks({ name, blocks: differing, of, goal: 12, places });
  for (const file of ['before.img', DISK]) await rm(join(folder, file));
});

/** A library; many small files; what every root has; many files; the largest. */
const PACKAGES = ['zlib1g', 'tzdata', 'libc6', 'perl-modules-5.40', 'git'];

test.each(PACKAGES)('blocks that differ when %s is upgraded', async (name) => {
  await using workshop = await workshopIn(folder);
  const large = await lockedIn(workshop);
  const used = packageIn(large, name);
  const own = join(folder, `upgrade of ${name}`);
  // The same reference before and after, so that only what the package is differs.
  const file = `${name}.deb`;
  await LargeImage.create(own, { packageFile: { name: file, references: used.references } });
  await writePackage(join(own, file), used, { image: large, workshop });
  const signing = await keysIn(own);
  await buildIn(own, signing);
  await rename(join(own, DISK), join(own, 'before.img'));
  const { files, contentBytes } = await upgrade(join(own, file));
  await buildIn(own, signing);
  const { differing, of, places } = await differingBlocks(join(own, 'before.img'), join(own, DISK));
  const blocks = Math.ceil(contentBytes / BLOCK_BYTES);
  recordBlocks({
    name: `the same, upgrade of ${name}: ${files} files, own blocks: ${blocks}, in ${used.references.length} of 5 roots`,
    ...{ blocks: differing, of, goal: 2 * blocks + 16, places },
  });
  await rm(own, { recursive: true });
});

const LINUXKIT_SECONDS = 13;

test('from the start of QEMU to the first program', async () => {
  const boots = {
    erofs: await bootOf('disk', (large, workshop) => bootFiles(large, workshop)),
    gzip: await bootOf('unpacked', (large, workshop) => unpackedBoot(large, workshop, 'gzip')),
    zstd: await bootOf('unpacked', (large, workshop) => unpackedBoot(large, workshop, 'zstd')),
  };
  const taken = { erofs: [] as TimeToInit[], gzip: [] as TimeToInit[], zstd: [] as TimeToInit[] };
  for (let run = 0; run < RUNS; run += 1) {
    for (const kind of ['erofs', 'gzip', 'zstd'] as const) taken[kind].push(await timeToInit(boots[kind]));
  }
  const secondsTo = (kind: keyof typeof taken) => median(taken[kind].map(({ seconds }) => seconds));
  const cpuTo = (kind: keyof typeof taken) => median(taken[kind].map(({ cpuSeconds }) => cpuSeconds));
  const ours = { oursSeconds: secondsTo('erofs'), cpuSeconds: cpuTo('erofs') };
  const anchors = [
    { name: 'the same root as a cpio, gzip, with such an init', seconds: secondsTo('gzip') },
    { name: 'LinuxKit 1.8, as it was measured once', seconds: LINUXKIT_SECONDS },
  ];
  const name = 'kernel+erofs, from the start of QEMU to init, TCG, 2 GiB';
  for (const reference of anchors) record({ name, ...ours, reference, goalTotalSeconds: reference.seconds / 3 });
  const inCpu = { name: 'the cpio, gzip', seconds: cpuTo('gzip') };
  record({
    name: '… in CPU seconds',
    oursSeconds: cpuTo('erofs'),
    reference: inCpu,
    goalTotalSeconds: cpuTo('gzip') / 3,
  });
  const zstd = { name: 'the same, gzip', seconds: secondsTo('gzip') };
  record({ name: '… the cpio, zstd', oursSeconds: secondsTo('zstd'), cpuSeconds: cpuTo('zstd'), reference: zstd });
});

/** What a machine boots whose first program only says that it runs. */
async function bootOf(
  root: 'disk' | 'unpacked',
  filesOf: (image: LockedImage, workshop: Workshop) => Promise<KernelBoot>,
): Promise<KernelBoot> {
  const own = join(folder, `boot ${root}`);
  await LargeImage.create(own, { init: FIRST_PROGRAM, root });
  await using workshop = await workshopIn(own);
  return filesOf(await lockedIn(workshop), workshop);
}

async function unpackedBoot(large: LockedImage, workshop: Workshop, compression: Compression): Promise<KernelBoot> {
  const { files } = await buildImage(large, 'kernel+initrd', workshop, { compression });
  const path = (role: string): string => files.find((file) => file.role === role)?.path ?? '';
  return {
    kernel: path('kernel'),
    initrd: path('initrd'),
    commandLine: await readFile(path('cmdline'), 'utf8'),
  };
}

function workshopIn(directory: string): Promise<Workshop> {
  const { signal } = new AbortController();
  return openWorkshop(settingsFrom(process.env), { directory, signal, progress: silent, now: () => new Date() });
}

async function lockedIn(workshop: Workshop): Promise<LockedImage> {
  const { spec } = await parse('large.yml', workshop);
  return lock(spec, {}, workshop);
}

async function keysIn(directory: string): Promise<string[]> {
  await secondsOf(process.execPath, [INGOT, 'keys', 'new', 'keys'], { cwd: directory });
  return ['--secure-boot-cert', 'keys/db.pem', '--secure-boot-key', 'keys/db.key'];
}

async function buildIn(directory: string, signing: readonly string[]): Promise<void> {
  await secondsOf(process.execPath, [INGOT, 'build', '-f', 'raw-efi', ...signing, 'large.yml'], { cwd: directory });
}

function cpuOf({ cpuSeconds }: Usage): number {
  return cpuSeconds;
}
