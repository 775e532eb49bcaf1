import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, test } from 'vitest';
import { writeHugeLayout } from './huge-layout.js';
import { LargeImage } from './large-image.js';
import { pairs, secondsOf } from './measure.js';
import { peakMemoryOf } from './peak-memory.js';
import { record, recordMemory, rowOf } from './row.js';

const INGOT = resolve(__dirname, '../../provider/bin/ingot.js');
const PAIRS = 9;
/** LinuxKit 1.8 on two cores with warm caches: five images, a root of 405 MB. */
const LINUXKIT = { fullSeconds: 21.5, megabytes: 498 };
const TIMES_FASTER = 20;
const ONE_FILE_SECONDS = 0.6;
const MAX_MEGABYTES = 150;

let folder: string;
let image: LargeImage;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ingot-bench-tree-'));
  image = await LargeImage.create(folder);
  // Fills the cache.
  await build('warm.tar');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function build(output: string): Promise<number> {
  return secondsOf(process.execPath, [INGOT, 'build', '-o', output, 'large.yml'], { cwd: folder });
}

/** What any program that writes such a file has to do at the least. */
function copy(): Promise<number> {
  return secondsOf('cp', ['warm.tar', 'copy.tar'], { cwd: folder });
}

test('a tar of 405 MiB, from a warm cache', async () => {
  const measured = await pairs(PAIRS, { ours: () => build('full.tar'), reference: copy });
  const { oursSeconds, reference } = rowOf('', measured, { reference: 'cp of that tar' });
  const goalSeconds = LINUXKIT.fullSeconds / TIMES_FASTER;
  record({ name: 'ingot build -f tar, 405 MiB of five roots', oursSeconds, goalSeconds });
  record({ name: 'the same', oursSeconds, ...(reference ? { reference } : {}) });
});

test('the same with one file changed', async () => {
  const changed = async () => {
    await image.change();
    return build('full.tar');
  };
  const measured = await pairs(PAIRS, { ours: changed, reference: copy });
  record({
    name: '… with one file changed',
    oursSeconds: rowOf('', measured, { reference: '' }).oursSeconds,
    goalSeconds: ONE_FILE_SECONDS,
  });
});

test('ingot diff of two states of it', async () => {
  await copyFile(join(folder, 'large.yml'), join(folder, 'after.yml'));
  await writeFile(join(folder, 'motd'), 'another\n');
  const seconds = () => secondsOf(process.execPath, [INGOT, 'diff', 'warm.tar', 'after.yml'], { cwd: folder });
  const digest = () => secondsOf('sha256sum', ['warm.tar'], { cwd: folder });
  const measured = await pairs(PAIRS, { ours: seconds, reference: digest });
  record(rowOf('ingot diff of a tar of 405 MiB and a spec', measured, { reference: 'sha256sum of that tar' }));
});

test('memory', async () => {
  const ofTar = await peakMemoryOf([INGOT, 'build', '-o', 'full.tar', 'large.yml'], { folder });
  recordMemory({
    name: 'ingot build -f tar, 405 MiB of five roots',
    megabytes: ofTar / 1e6,
    reference: { name: 'LinuxKit 1.8', megabytes: LINUXKIT.megabytes },
    goalMegabytes: MAX_MEGABYTES,
  });
  for (const gibibytes of [1, 4]) {
    const bytes = await peakMemoryOf([INGOT, 'build', '-o', '/dev/null', `huge-${gibibytes}.yml`], {
      folder,
      env: await huge(gibibytes),
    });
    recordMemory({
      name: `the same, a root of ${gibibytes} GiB in large files`,
      megabytes: bytes / 1e6,
      goalMegabytes: MAX_MEGABYTES,
    });
  }
});

/** Has the image in a cache of its own, so that it can be removed. */
async function huge(gibibytes: number): Promise<NodeJS.ProcessEnv> {
  const name = `huge-${gibibytes}`;
  await writeHugeLayout(join(folder, name), gibibytes);
  await writeFile(join(folder, `${name}.yml`), `init: ["oci:${name}"]\n`);
  const env = { ...process.env, INGOT_CACHE: join(folder, 'cache') };
  await secondsOf(process.execPath, [INGOT, 'build', '-o', '/dev/null', `${name}.yml`], { cwd: folder, env });
  return env;
}
