import { randomUUID } from 'node:crypto';
import { open, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { describeError } from '../../model/error.js';
import { whyNotWritten } from '../../model/write-failure.js';
import { SourceError } from '../error.js';
import { formatLockFile, type LockFileContent, lineOf, parseLockFile } from './content.js';

/** Where the lock file of a spec is, or would be. */
export interface LockFilePlace {
  /** As people are told of it: beside the path of the spec as they gave it. */
  readonly path: string;
  /** What writes it: `ingot lock base.yml web.yml`. */
  readonly command: string;
}

export interface LockFile extends LockFilePlace {
  readonly content: LockFileContent;
}

/** 1000 packages have 0.4 MB. */
const MAX_BYTES = 64 * 1024 * 1024;

/**
 * `web.lock.json` beside `web.yml`; of several specs, beside the last. Undefined for what has no place: text, an
 * object, standard input.
 */
export function lockFilePlace(spec: unknown): LockFilePlace | undefined {
  const specs = Array.isArray(spec) ? spec.map(String) : [spec];
  const last = specs.at(-1);
  if (typeof last !== 'string' || last === '' || last === '-' || last.includes('\n')) return undefined;
  const name = `${basename(last, extname(last))}.lock.json`;
  const path = dirname(last) === '.' && !last.startsWith('.') ? name : join(dirname(last), name);
  return { path, command: `ingot lock ${specs.map((one) => shellWord(String(one))).join(' ')}` };
}

/**
 * The lock file of a spec, if there is one.
 * @throws {SourceError} `unreadable`, and as parseLockFile() does.
 */
export async function readLockFile(spec: unknown, directory: string): Promise<LockFile | undefined> {
  const place = lockFilePlace(spec);
  if (place === undefined) return undefined;
  const { path } = place;
  const full = resolve(directory, path);
  let text: string;
  try {
    const { size } = await stat(full);
    if (size > MAX_BYTES) throw unreadable(path, `it has ${size} bytes; a lock file has 64 MiB at the most`);
    text = await readFile(full, 'utf8');
  } catch (error) {
    if (error instanceof SourceError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') return undefined;
    throw unreadable(path, `${code ?? error}; give permission, or remove it`, error);
  }
  return { ...place, content: await parseLockFile(text, place) };
}

/** 1-based line of the value at a path in a lock file; undefined where it cannot be read any more. */
export async function lineInLockFile(
  { path }: Pick<LockFile, 'path'>,
  at: readonly string[],
  directory: string,
): Promise<number | undefined> {
  const text = await readFile(resolve(directory, path), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : lineOf(text, at);
}

/**
 * Writes a lock file; whoever reads it meanwhile reads the old one or the new one, whole.
 * @throws {SourceError} `io`.
 */
export async function writeLockFile({ path, content }: LockFile, directory: string): Promise<void> {
  const text = formatLockFile(content);
  const given = resolve(directory, path);
  // Where it is a link, what it leads to is replaced, and not the link.
  const full = await realpath(given).catch(() => given);
  const temporary = `${full}.${randomUUID()}.partial`;
  try {
    const file = await open(temporary, 'wx', 0o666);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, full);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    const why = whyNotWritten(error) ?? describeError(error);
    throw new SourceError('io', `Cannot write ${path}: ${why}`, { context: { path } });
  }
}

function unreadable(path: string, why: string, cause?: unknown): SourceError {
  return new SourceError('unreadable', `Cannot read ${path}: ${why}`, {
    ...(cause === undefined ? {} : { cause }),
    context: { path },
  });
}

function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
