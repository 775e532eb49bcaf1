import { randomUUID } from 'node:crypto';
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { whyNotWritten } from '../model/write-failure.js';
import { makeFolder } from '../pipeline.js';
import { CommandError } from './command-error.js';

/**
 * Files that appear together when all of them are complete, or not at all: each is written under another name beside
 * its own, and gets its own at the end. What is no plain file, such as /dev/null or a pipe, is written at once.
 */
export class OutputFiles implements AsyncDisposable {
  readonly #pending: { readonly temporary: string; readonly target: string }[] = [];

  readonly #folders: string[] = [];

  /** Runs `write` with a file to fill. @throws {CommandError} `not-written`. */
  async add(target: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
    const status = await stat(target).catch(() => undefined);
    if (status?.isDirectory()) {
      throw new CommandError('bad-output', `Cannot write ${target}: it is a folder; give the name of a file in it`);
    }
    if (status !== undefined && !status.isFile()) return this.#fill(target, { path: target, flags: 'w', write });
    const temporary = join(dirname(target), `.${basename(target)}.${randomUUID()}.partial`);
    this.#pending.push({ temporary, target });
    await this.#fill(target, { path: temporary, flags: 'wx', write });
  }

  /** A folder for files that follow; what of it has to be made goes again if they are not all written. */
  async addFolder(path: string): Promise<void> {
    const made = await makeFolder(path).catch((error: unknown) => {
      throw notWritten(path, error);
    });
    if (made !== undefined) this.#folders.push(made);
  }

  /**
   * Gives all files their names. Where one cannot have its name, none gets its own, and what was there before is there
   * again. @throws {CommandError} `not-written`.
   */
  async commit(): Promise<void> {
    const placed: Placed[] = [];
    try {
      for (const { temporary, target } of this.#pending) placed.push(await place(temporary, target));
    } catch (error) {
      for (const one of placed.reverse()) await takeBack(one);
      throw error;
    }
    this.#pending.length = 0;
    this.#folders.length = 0;
    for (const { old } of placed) if (old !== undefined) await rm(old, { force: true });
  }

  /** Removes what has not got its name. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const { temporary } of this.#pending.splice(0)) await rm(temporary, { force: true }).catch(() => undefined);
    for (const made of this.#folders.splice(0)) await rm(made, { recursive: true, force: true }).catch(() => undefined);
  }

  async #fill(
    target: string,
    { path, flags, write }: { path: string; flags: string; write: (file: FileHandle) => Promise<void> },
  ): Promise<void> {
    const file = await open(path, flags, 0o666).catch((error: unknown) => {
      throw notWritten(target, error);
    });
    try {
      await write(file);
    } catch (error) {
      throw notWritten(target, error);
    } finally {
      await file.close();
    }
  }
}

interface Placed {
  readonly temporary: string;
  readonly target: string;
  /** Where what was there before is now. */
  readonly old: string | undefined;
}

/**
 * What is there steps aside first: ext4 writes a file out at once that takes the place of another, which for a large
 * one takes longer than to fill it.
 */
async function place(temporary: string, target: string): Promise<Placed> {
  const aside = `${temporary}.old`;
  try {
    const old = await rename(target, aside).then(
      () => aside,
      (error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
        return undefined;
      },
    );
    const placed = { temporary, target, old };
    await rename(temporary, target).catch(async (error: unknown) => {
      if (old !== undefined) await rename(old, target);
      throw error;
    });
    return placed;
  } catch (error) {
    throw notWritten(target, error);
  }
}

async function takeBack({ temporary, target, old }: Placed): Promise<void> {
  await rename(target, temporary).catch(() => undefined);
  if (old !== undefined) await rename(old, target).catch(() => undefined);
}

/** Failures of the file itself, named; those of whoever makes the bytes are told as they are. */
function notWritten(target: string, error: unknown): unknown {
  const why = whyNotWritten(error);
  if (why === undefined) return error;
  return new CommandError('not-written', `Cannot write ${target}: ${why}`, { context: { path: target } });
}
