import { createHash } from 'node:crypto';
import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, lstat, open, readdir, readlink } from 'node:fs/promises';
import { mapInOrder } from '../../format/map-in-order.js';
import { decodePath, encodePath } from '../../format/path-text.js';
import { canonicalJson, type Digest, type Json } from '../../model/digest.js';
import { SourceError } from '../error.js';
import type { KnownDigests } from './known-digests.js';

/** One thing in a folder, as far as it counts: neither times nor owners do. */
export interface FolderEntry {
  /** Relative; a byte that is not UTF-8 is escaped as decodePath() does. */
  readonly path: string;
  readonly type: 'file' | 'directory' | 'symlink' | 'hardlink' | 'fifo';
  readonly mode: number;
  /** Target of a symlink; path of the first name for a hardlink. */
  readonly link?: string;
  readonly content?: { readonly sizeBytes: number; readonly sha256: Digest };
}

const MAX_ENTRIES = 1_000_000;
const MAX_FILE_BYTES = 16 * 2 ** 30;
const MAX_PATH_BYTES = 4095;
/** Most files are small: what they cost is waiting for the operating system. */
export const FILES_IN_FLIGHT = 16;
/** What is read at once. */
const READ_BYTES = 1 << 18;
const SLASH = Buffer.from('/');

/** What is hashed of a file waits until all names are known. */
type Found = Omit<FolderEntry, 'content'> & { readonly file?: FoundFile };

interface FoundFile {
  readonly sizeBytes: number;
  /** As it was before, or what to call once it is known. */
  readonly known: ReturnType<KnownDigests['find']>;
}

export interface WalkOptions {
  readonly about: string;
  readonly signal: AbortSignal;
  /** Digests of files as they were found before: those that have not changed are not read. */
  readonly known?: KnownDigests;
}

/**
 * All that is in a folder, parents first, names in the order of their bytes. Links are not followed. Group write is
 * taken away where not everybody may write, since it says only what umask the folder was made with.
 * @throws {SourceError} `unsupported` for devices and sockets, and names that mean deleted files in images;
 *   `too-large`; `changed` for a file that changes while it is read; `unreadable`.
 */
export async function walkFolder(root: Buffer, options: WalkOptions): Promise<readonly FolderEntry[]> {
  const { about, signal, known } = options;
  const found: Found[] = [];
  /** First name by device and inode, of files that have several. */
  const inodes = new Map<string, string>();
  const visit = async (folder: Buffer): Promise<void> => {
    signal.throwIfAborted();
    const names = await readdir(folder.length === 0 ? root : join(root, folder), { encoding: 'buffer' });
    const look = async (name: Buffer) => {
      const path = folder.length === 0 ? name : join(folder, name);
      if (path.length > MAX_PATH_BYTES) throw tooLarge(about, `a path in it has more than ${MAX_PATH_BYTES} bytes`);
      return { path, status: await lstat(join(root, path), { bigint: true }) };
    };
    for await (const { path, status } of mapInOrder(names.sort(Buffer.compare), look, { inFlight: FILES_IN_FLIGHT })) {
      if (found.length >= MAX_ENTRIES) throw tooLarge(about, `it has more than ${MAX_ENTRIES} files and folders`);
      found.push(await entryOf({ root, name: path, status, inodes, about, known }));
      if (status.isDirectory()) await visit(path);
    }
  };
  try {
    await visit(Buffer.alloc(0));
    const hashed: FolderEntry[] = [];
    const buffers: Buffer[] = [];
    const hash = async ({ file, ...entry }: Found): Promise<FolderEntry> => {
      if (file === undefined) return entry;
      const { sizeBytes, known: digest } = file;
      if (typeof digest === 'string') return { ...entry, content: { sizeBytes, sha256: digest } };
      const buffer = buffers.pop() ?? Buffer.allocUnsafe(READ_BYTES);
      const sha256 = await digestOf(root, { path: entry.path, sizeBytes, buffer }, options);
      buffers.push(buffer);
      digest(sha256);
      return { ...entry, content: { sizeBytes, sha256 } };
    };
    for await (const entry of mapInOrder(found, hash, { inFlight: FILES_IN_FLIGHT })) hashed.push(entry);
    return hashed;
  } catch (error) {
    throw explained(error, about);
  }
}

/** The identity of a folder's content. */
export function folderDigest(entries: readonly (Omit<FolderEntry, 'type'> & { type: string })[]): Digest {
  const hash = createHash('sha256');
  for (const [index, { path, type, mode, link, content }] of entries.entries()) {
    hash.update(`${index === 0 ? '' : '\n'}${canonicalJson({ path, type, mode, link, content } as unknown as Json)}`);
  }
  return `sha256:${hash.digest('hex')}`;
}

export interface ReadOptions {
  readonly path: string;
  readonly sizeBytes: number;
  /** What to read into, for who needs a chunk only until the next one. Default: each chunk is its own. */
  readonly buffer?: Buffer;
}

/**
 * Reads a file that was found, and nothing else that may have taken its name.
 * @throws {SourceError} `changed` where it is no longer as long as it was.
 */
export async function* readFound(
  root: Buffer,
  { path, sizeBytes, buffer }: ReadOptions,
  { about, signal }: Pick<WalkOptions, 'about' | 'signal'>,
): AsyncGenerator<Uint8Array> {
  // Not to follow a link, or wait for a pipe, that is there by now.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  let file: FileHandle | undefined;
  try {
    file = await open(join(root, encodePath(path)), flags);
    if (!(await file.stat()).isFile()) throw changed(about, path);
    for (let done = 0; ; ) {
      signal.throwIfAborted();
      // One more than there should be, to see that nothing follows. A stream would cost ten times as much per file.
      const chunk = buffer ?? Buffer.allocUnsafe(Math.min(READ_BYTES, sizeBytes - done + 1));
      const { bytesRead } = await file.read(chunk, 0, chunk.length, done);
      if (bytesRead === 0) {
        if (done !== sizeBytes) throw changed(about, path);
        return;
      }
      done += bytesRead;
      if (done > sizeBytes) throw changed(about, path);
      yield chunk.subarray(0, bytesRead);
      if (done === sizeBytes && bytesRead < chunk.length) return;
    }
  } catch (error) {
    throw explained(error, about);
  } finally {
    await file?.close();
  }
}

export function changed(about: string, path: string): SourceError {
  return new SourceError('changed', `Cannot read ${about}: ${path} changed while it was read; run again`, {
    context: { path },
  });
}

interface Visit {
  readonly root: Buffer;
  readonly name: Buffer;
  readonly status: BigIntStats;
  readonly inodes: Map<string, string>;
  readonly about: string;
  readonly known: KnownDigests | undefined;
}

async function entryOf({ root, name, status, inodes, about, known }: Visit): Promise<Found> {
  const path = decodePath(name);
  if (path.slice(path.lastIndexOf('/') + 1).startsWith('.wh.')) {
    throw unsupported(about, path, 'begins with .wh., which means a deleted file in images; rename it');
  }
  const mode = permissionsOf(Number(status.mode));
  if (status.isDirectory()) return { path, type: 'directory', mode };
  if (status.isSymbolicLink()) {
    const link = decodePath(await readlink(join(root, name), { encoding: 'buffer' }));
    return { path, type: 'symlink', mode: 0o777, link };
  }
  if (status.isFIFO()) return { path, type: 'fifo', mode };
  if (!status.isFile()) {
    const kind = status.isSocket() ? 'socket' : 'device';
    throw unsupported(about, path, `is a ${kind}; remove it: the machine makes its own`);
  }
  if (status.size > MAX_FILE_BYTES) throw tooLarge(about, `${path} has more than 16 GiB`);
  if (status.nlink > 1n) {
    const inode = `${status.dev} ${status.ino}`;
    const first = inodes.get(inode);
    if (first !== undefined) return { path, type: 'hardlink', mode, link: first };
    inodes.set(inode, path);
  }
  const sizeBytes = Number(status.size);
  return { path, type: 'file', mode, file: { sizeBytes, known: known?.find(name, status) ?? (() => {}) } };
}

function permissionsOf(mode: number): number {
  const permissions = mode & 0o7777;
  return (permissions & 0o002) === 0 ? permissions & ~0o020 : permissions;
}

async function digestOf(root: Buffer, file: ReadOptions, options: WalkOptions): Promise<Digest> {
  const hash = createHash('sha256');
  if (file.sizeBytes > 0) for await (const chunk of readFound(root, file, options)) hash.update(chunk);
  return `sha256:${hash.digest('hex')}`;
}

function join(folder: Buffer, name: Buffer): Buffer {
  return Buffer.concat([folder, SLASH, name]);
}

function unsupported(about: string, path: string, what: string): SourceError {
  return new SourceError('unsupported', `Cannot use ${about}: ${path} ${what}`, { context: { path } });
}

function tooLarge(about: string, what: string): SourceError {
  return new SourceError('too-large', `Cannot use ${about}: ${what}`);
}

function explained(error: unknown, about: string): unknown {
  if (!(error instanceof Error) || !('syscall' in error)) return error;
  const { code, path } = error as NodeJS.ErrnoException;
  const gone = code === 'ENOENT' || code === 'ELOOP' || code === 'ENOTDIR';
  const what = gone ? 'changed while it was read; run again' : `cannot be read (${code})`;
  return new SourceError(gone ? 'changed' : 'unreadable', `Cannot read ${about}: ${path ?? 'it'} ${what}`, {
    cause: error,
  });
}
