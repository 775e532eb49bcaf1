import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { IngotError } from '../model/error.js';
import { cache, imageFiles } from '../pipeline.js';
import { columns } from './columns.js';

class GcError extends IngotError<'no-folder'> {}

export interface GcOptions {
  readonly yes?: true;
  readonly json?: true;
}

/** `ingot gc FOLDER`: shows the images that nothing claims, or keeps to go back to, and what is left over; removes them with `yes`. */
export async function gc(folder: string, { yes, json }: GcOptions): Promise<void> {
  const directory = resolve(folder);
  if (!(await stat(directory).catch(() => undefined))?.isDirectory()) {
    throw new GcError(
      'no-folder',
      `Cannot look through ${folder}: it is not a folder; give one that images are published into`,
      {
        context: { path: folder },
      },
    );
  }
  const { listFileImages, collectFile, leftOvers, removeLeftOver } = await imageFiles();
  const images = await listFileImages(directory);
  const unused = images.filter(({ claims, kept }) => claims.length + kept.length === 0);
  const left = await leftOvers(directory, Date.now());
  const removed: string[] = [];
  if (yes) {
    // Whoever claims one in this moment keeps it.
    for (const { id } of unused) if (await collectFile(id)) removed.push(id);
    for (const { path } of left) if (await removeLeftOver(path)) removed.push(path);
  }
  if (json) {
    process.stdout.write(
      `${JSON.stringify({ directory, images, unused: unused.map(({ id }) => id), leftOvers: left, removed }, null, 2)}\n`,
    );
    return;
  }
  const { formatSize } = await cache();
  const rows = [
    ...unused.map(({ id, sizeBytes }) => [id, formatSize(sizeBytes), 'no resource needs it']),
    ...left.map(({ path, sizeBytes }) => [path, formatSize(sizeBytes), 'was never finished']),
  ];
  const sizeBytes = [...unused, ...left].reduce((sum, one) => sum + one.sizeBytes, 0);
  for (const line of columns(rows, { right: [1] })) process.stdout.write(`${line}\n`);
  process.stdout.write(`${summary()}\n`);

  function summary(): string {
    const rest = images.length - unused.length;
    const others = `${count(rest, 'image')} in use or kept`;
    if (rows.length === 0) return `nothing to remove; ${others}`;
    if (yes) return `removed ${count(removed.length, 'file')}, ${formatSize(sizeBytes)}; ${others}`;
    return `${count(rows.length, 'file')}, ${formatSize(sizeBytes)}; \`ingot gc --yes ${folder}\` removes ${rows.length === 1 ? 'it' : 'them'}; ${others}`;
  }
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
