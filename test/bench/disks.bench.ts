import { mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, test } from 'vitest';
import { differingBlocks } from './differing-blocks.js';
import { forgetParts } from './forget-parts.js';
import { LargeImage } from './large-image.js';
import { median, secondsOf } from './measure.js';
import { record, recordBlocks, recordMemory } from './row.js';
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

test('blocks that differ when a file changes', async () => {
  await secondsOf(process.execPath, [INGOT, 'keys', 'new', 'keys'], { cwd: folder });
  const signed = ['--secure-boot-cert', 'keys/db.pem', '--secure-boot-key', 'keys/db.key'];
  await build('raw-efi', signed);
  await rename(join(folder, 'large-efi.img'), join(folder, 'before.img'));
  await image.change();
  await build('raw-efi', signed);
  const { differing, of } = await differingBlocks(join(folder, 'before.img'), join(folder, 'large-efi.img'));
  recordBlocks({ name: 'raw-efi with hash tree and signature, one file changed', blocks: differing, of, goal: 12 });
});

function cpuOf({ cpuSeconds }: Usage): number {
  return cpuSeconds;
}
