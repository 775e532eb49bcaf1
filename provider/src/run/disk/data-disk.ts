/** Disks for data, which outlive the machines that use them: raw files, as large as they say and as full as they are. */
import { randomBytes } from 'node:crypto';
import { open, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, RunError } from '../error.js';
import { makePrivateFolder } from '../qemu/state-file.js';

/** A disk of this host. */
export interface DataDisk {
  /** Absolute path of a raw file. */
  readonly path: string;
  readonly sizeBytes: number;
}

export interface NewDiskOptions {
  readonly sizeBytes: number;
  /** Folder of this user for what outlives a run. */
  readonly stateDirectory: string;
  /** An absolute path where nothing is yet. Default: one in the state directory. */
  readonly path?: string;
}

/** A new disk, empty. @throws {RunError} `disk-there` where there is a file already, `io`. */
export async function createDisk({ sizeBytes, stateDirectory, path }: NewDiskOptions): Promise<DataDisk> {
  const folder = join(stateDirectory, 'disks');
  if (path === undefined) await makePrivateFolder(folder);
  const place = path ?? join(folder, `disk-${randomBytes(6).toString('hex')}.raw`);
  try {
    await using file = await open(place, 'wx', 0o600);
    await file.truncate(sizeBytes);
    await file.sync();
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') {
      const what = `Cannot make the disk ${place}: there is a file already; to go on with what is on it, give it as existingFile`;
      throw new RunError('disk-there', what, { context: { path: place } });
    }
    await rm(place, { force: true }).catch(() => undefined);
    throw problem('make', place, error);
  }
  return { path: place, sizeBytes };
}

/**
 * The disk at a path; undefined if there is none.
 * @throws {RunError} `disk-there` for what is no plain file, `io`.
 */
export async function readDisk(path: string): Promise<DataDisk | undefined> {
  const status = await stat(path).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw problem('read', path, error);
  });
  if (status === undefined) return undefined;
  if (status.isFile()) return { path, sizeBytes: status.size };
  throw new RunError('disk-there', `Cannot use ${path} as a disk: it is not a plain file; wanted a raw image`, {
    context: { path },
  });
}

/**
 * Makes a disk larger; what is on it stays. A machine that has it sees that when it starts the next time.
 * @throws {RunError} `disk-gone`; `disk-smaller`, since what is on it would be lost; `io`.
 */
export async function growDisk(path: string, sizeBytes: number): Promise<DataDisk> {
  const disk = await readDisk(path);
  if (disk === undefined) {
    const what = `Cannot make the disk ${path} larger: it is gone; refresh the stack, to have a new one made`;
    throw new RunError('disk-gone', what, { context: { path } });
  }
  if (sizeBytes < disk.sizeBytes) {
    const [now, wanted] = [disk.sizeBytes, sizeBytes].map((size) => `${Math.ceil(size / 2 ** 20)} MiB`);
    throw new RunError(
      'disk-smaller',
      `Cannot make the disk ${path} smaller: it has ${now}, and ${wanted} would cut off what is behind; make another disk, and copy`,
      { context: { path } },
    );
  }
  await truncate(path, sizeBytes).catch((error: unknown) => {
    throw problem('grow', path, error);
  });
  return { path, sizeBytes };
}

/** Removes a disk and all that is on it. One that is gone is no error. */
export async function deleteDisk(path: string): Promise<void> {
  await rm(path, { force: true }).catch((error: unknown) => {
    throw problem('remove', path, error);
  });
}

function problem(verb: string, path: string, error: unknown): RunError {
  const what = `Cannot ${verb} the disk ${path}: ${errnoOf(error) ?? error}; wanted a folder that is there, with room, where this user may write`;
  return new RunError('io', what, { cause: error, context: { path } });
}
