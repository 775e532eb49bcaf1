import { execFileSync } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { LockedImage } from '../../provider/src/model/lock.js';
import type { PinnedPackage } from '../../provider/src/model/pin.js';
import { sourceOptions } from '../../provider/src/pipeline/source-options.js';
import type { Workshop } from '../../provider/src/pipeline.js';
import { fetchPackage } from '../../provider/src/source/debian/fetch.js';

/** A package of an image, and the references whose roots have it. */
export interface UsedPackage {
  readonly pinned: PinnedPackage;
  readonly references: readonly string[];
}

/** @throws {Error} where no root of the image has a package of that name. */
export function packageIn({ lock }: LockedImage, name: string): UsedPackage {
  const found = Object.entries(lock.pins).flatMap(([reference, pin]) => {
    const pinned = pin.kind === 'debian' ? pin.packages.find((one) => one.name === name) : undefined;
    return pinned === undefined ? [] : [{ reference, pinned }];
  });
  const [first] = found;
  if (first === undefined) throw new Error(`no root of the image has ${name}`);
  return { pinned: first.pinned, references: found.map(({ reference }) => reference) };
}

/** Writes the file of a package as the archive has it; it is fetched only if the cache has lost it. */
export async function writePackage(
  path: string,
  { pinned }: UsedPackage,
  { image, workshop }: { readonly image: LockedImage; readonly workshop: Workshop },
): Promise<void> {
  const range = await fetchPackage(pinned, sourceOptions(image.lock, workshop, image.mirrors));
  await pipeline(workshop.store.stream(range, workshop.signal), createWriteStream(path));
}

export interface Upgrade {
  readonly files: number;
  /** Of all files together, as they are after it. */
  readonly contentBytes: number;
}

/** How much longer the files of an upgrade are: from so much less to so much more, in parts of a thousand. */
const LONGER = { least: -20, most: 29 };
const PAGE_BYTES = 4096;

/**
 * Turns a package file into the next version of that package: a higher version, and each regular file with another byte
 * in each 4 KiB and another length, 2 % less to 2.9 % more. That is more than an upgrade does, which leaves many files
 * as they are. The same file gives the same upgrade.
 */
export async function upgrade(path: string): Promise<Upgrade> {
  const folder = `${path}.unpacked`;
  await mkdir(folder);
  try {
    execFileSync('dpkg-deb', ['--raw-extract', path, folder]);
    const control = join(folder, 'DEBIAN/control');
    await writeFile(control, (await readFile(control, 'utf8')).replace(/^Version: .*$/m, '$&+upgraded'));
    let [files, contentBytes] = [0, 0];
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      const file = join(entry.parentPath, entry.name);
      const inside = file.slice(folder.length + 1);
      if (!entry.isFile() || inside.startsWith('DEBIAN/')) continue;
      const after = changed(await readFile(file), numberOf(inside));
      // Written in place: modes and hard links stay.
      await writeFile(file, after);
      files += 1;
      contentBytes += after.length;
    }
    const how = ['--root-owner-group', '--uniform-compression', '-Zgzip', '-z1'];
    execFileSync('dpkg-deb', [...how, '--build', folder, path], { stdio: ['ignore', 'ignore', 'inherit'] });
    return { files, contentBytes };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function changed(content: Buffer, number: number): Buffer {
  const { least, most } = LONGER;
  const longer = Math.trunc((content.length * (least + (number % (most - least + 1)))) / 1000);
  const after = Buffer.alloc(content.length + longer, `${number}\n`);
  content.copy(after, 0, 0, Math.min(content.length, after.length));
  for (let at = 0; at < after.length; at += PAGE_BYTES) after[at] = (after[at] as number) ^ 1;
  return after;
}

/** Some number that follows from a text. */
function numberOf(text: string): number {
  return [...Buffer.from(text)].reduce((sum, byte) => (sum * 31 + byte) % 1_000_003, 7);
}
