import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ROOT_SERIAL } from '../model/boot.js';
import type { BootSource, DiskFormat } from '../pipeline.js';
import { CommandError } from './command-error.js';

/** Disks by the end of their names. */
export const DISKS: Readonly<Record<string, DiskFormat>> = {
  '.img': 'raw',
  '.raw': 'raw',
  '.qcow2': 'qcow2',
  '.iso': 'iso',
};

/** Of formats of several files: what the name of the one that is given ends with, and those of the others. */
const TOGETHER = [
  { given: '-kernel', initrd: '-initrd.img', cmdline: '-cmdline' },
  { given: '-erofs.img', kernel: '-kernel', initrd: '-erofs-initrd.img', cmdline: '-erofs-cmdline' },
] as const;

/** How the names of archives end: nothing boots from them, and no spec is called so. */
export const ARCHIVE = /\.(tar|tar\.(gz|xz|zst)|tgz|vmdk)$/;

/** Whether a name is that of something built, and not of a spec. */
export function isBuilt(name: string): boolean {
  return (
    TOGETHER.some(({ given }) => name.endsWith(given)) || Object.keys(DISKS).some((ending) => name.endsWith(ending))
  );
}

/**
 * What a machine boots from a file that `ingot build` has written, with those beside it.
 * @throws {CommandError} `bad-subject` where one of them is missing.
 */
export async function builtFile(name: string, directory: string): Promise<BootSource> {
  const together = TOGETHER.find(({ given }) => name.endsWith(given));
  const path = await there(name, { name, directory });
  if (together === undefined) {
    const ending = Object.keys(DISKS).find((one) => name.endsWith(one)) ?? '.img';
    return { disk: { path, format: DISKS[ending] ?? 'raw' } };
  }
  const base = name.slice(0, -together.given.length);
  const beside = (ending: string): Promise<string> => there(`${base}${ending}`, { name, directory });
  const initrd = await beside(together.initrd);
  const commandLine = await readFile(await beside(together.cmdline), 'utf8');
  if (!('kernel' in together)) return { kernel: path, initrd, commandLine };
  return { kernel: await beside(together.kernel), initrd, commandLine, root: { path, serial: ROOT_SERIAL } };
}

async function there(
  path: string,
  { name, directory }: { readonly name: string; readonly directory: string },
): Promise<string> {
  const full = resolve(directory, path);
  const found = await stat(full).catch(() => undefined);
  if (found?.isFile() === true) return full;
  const what =
    path === name
      ? 'there is no such file; give one that `ingot build` has written, or a spec'
      : `it needs ${path} beside it, which is not there; build it again`;
  throw new CommandError('bad-subject', `Cannot run ${name}: ${what}`);
}
