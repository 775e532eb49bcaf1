import { createHash } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { type FileHandle, lstat, open, readdir, readlink } from 'node:fs/promises';
import { mapInOrder } from '../../format/map-in-order.js';
import { decodePath } from '../../format/path-text.js';
import { canonicalJson, type Digest, type Json, sha256 } from '../../model/digest.js';
import { SourceError } from '../error.js';

/** One thing in a folder, as far as it counts: neither times nor owners do. */
export interface FolderEntry {
  /** Relative; a byte that is not UTF-8 is escaped as decodePath() does. */
  readonly path: string;
  /** The path below the folder, as the file system has it. */
  readonly name: Buffer;
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
type Found = Omit<FolderEntry, 'content'> & { readonly file?: Stats };

/**
 * All that is in a folder, parents first, names in the order of their bytes. Links are not followed. Group write is
 * taken away where not everybody may write, since it says only what umask the folder was made with.
 * @throws {SourceError} `unsupported` for devices and sockets, and names that mean deleted files in images;
 *   `too-large`; `changed` for a file that changes while it is read; `unreadable`.
 */
export async function walkFolder(
  root: Buffer,
  { about, signal }: { readonly about: string; readonly signal: AbortSignal },
): Promise<readonly FolderEntry[]> {
  const found: Found[] = [];
  /** First name by device and inode, of files that have several. */
  const inodes = new Map<string, string>();
  const visit = async (folder: Buffer): Promise<void> => {
    signal.throwIfAborted();
    const names = await readdir(folder.length === 0 ? root : join(root, folder), { encoding: 'buffer' });
    for (const name of names.sort(Buffer.compare)) {
      const path = folder.length === 0 ? name : join(folder, name);
      if (found.length >= MAX_ENTRIES) throw tooLarge(about, `it has more than ${MAX_ENTRIES} files and folders`);
      if (path.length > MAX_PATH_BYTES) throw tooLarge(about, `a path in it has more than ${MAX_PATH_BYTES} bytes`);
      const status = await lstat(join(root, path));
      found.push(await entryOf({ root, name: path, status, inodes, about }));
      if (status.isDirectory()) await visit(path);
    }
  };
  try {
    await visit(Buffer.alloc(0));
    const hashed: FolderEntry[] = [];
    const hash = async ({ file, ...entry }: Found): Promise<FolderEntry> =>
      file === undefined ? entry : { ...entry, content: await digestOf(root, entry.name, { about, signal, file }) };
    for await (const entry of mapInOrder(found, hash, { inFlight: FILES_IN_FLIGHT })) hashed.push(entry);
    return hashed;
  } catch (error) {
    throw explained(error, about);
  }
}

/** The identity of a folder's content. */
export function folderDigest(entries: readonly (Omit<FolderEntry, 'name' | 'type'> & { type: string })[]): Digest {
  const lines = entries.map(({ path, type, mode, link, content }) =>
    canonicalJson({ path, type, mode, link, content } as unknown as Json),
  );
  return sha256(lines.join('\n'));
}

/**
 * Reads a file that was found, and nothing else that may have taken its name.
 * @throws {SourceError} `changed` where it is no longer as long as it was.
 */
export async function* readFound(
  root: Buffer,
  { name, sizeBytes }: { readonly name: Buffer; readonly sizeBytes: number },
  { about, signal }: { readonly about: string; readonly signal: AbortSignal },
): AsyncGenerator<Uint8Array> {
  // Not to follow a link, or wait for a pipe, that is there by now.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  let file: FileHandle | undefined;
  try {
    file = await open(join(root, name), flags);
    if (!(await file.stat()).isFile()) throw changed(about, name);
    for (let done = 0; ; ) {
      signal.throwIfAborted();
      // One more than there should be, to see that nothing follows. A stream would cost ten times as much per file.
      const chunk = Buffer.allocUnsafe(Math.min(READ_BYTES, sizeBytes - done + 1));
      const { bytesRead } = await file.read(chunk, 0, chunk.length, done);
      if (bytesRead === 0) {
        if (done !== sizeBytes) throw changed(about, name);
        return;
      }
      done += bytesRead;
      if (done > sizeBytes) throw changed(about, name);
      yield chunk.subarray(0, bytesRead);
      if (done === sizeBytes && bytesRead < chunk.length) return;
    }
  } catch (error) {
    throw explained(error, about);
  } finally {
    await file?.close();
  }
}

export function changed(about: string, name: Buffer): SourceError {
  const path = decodePath(name);
  return new SourceError('changed', `Cannot read ${about}: ${path} changed while it was read; run again`, {
    context: { path },
  });
}

interface Visit {
  readonly root: Buffer;
  readonly name: Buffer;
  readonly status: Stats;
  readonly inodes: Map<string, string>;
  readonly about: string;
}

async function entryOf({ root, name, status, inodes, about }: Visit): Promise<Found> {
  const path = decodePath(name);
  if (path.slice(path.lastIndexOf('/') + 1).startsWith('.wh.')) {
    throw unsupported(about, path, 'begins with .wh., which means a deleted file in images; rename it');
  }
  const mode = permissionsOf(status.mode);
  if (status.isDirectory()) return { path, name, type: 'directory', mode };
  if (status.isSymbolicLink()) {
    const link = decodePath(await readlink(join(root, name), { encoding: 'buffer' }));
    return { path, name, type: 'symlink', mode: 0o777, link };
  }
  if (status.isFIFO()) return { path, name, type: 'fifo', mode };
  if (!status.isFile()) {
    const kind = status.isSocket() ? 'socket' : 'device';
    throw unsupported(about, path, `is a ${kind}; remove it: the machine makes its own`);
  }
  if (status.size > MAX_FILE_BYTES) throw tooLarge(about, `${path} has more than 16 GiB`);
  if (status.nlink > 1) {
    const inode = `${status.dev} ${status.ino}`;
    const first = inodes.get(inode);
    if (first !== undefined) return { path, name, type: 'hardlink', mode, link: first };
    inodes.set(inode, path);
  }
  return { path, name, type: 'file', mode, file: status };
}

function permissionsOf(mode: number): number {
  const permissions = mode & 0o7777;
  return (permissions & 0o002) === 0 ? permissions & ~0o020 : permissions;
}

async function digestOf(
  root: Buffer,
  name: Buffer,
  { about, signal, file }: { readonly about: string; readonly signal: AbortSignal; readonly file: Stats },
): Promise<{ sizeBytes: number; sha256: Digest }> {
  const hash = createHash('sha256');
  const sizeBytes = file.size;
  if (sizeBytes > 0)
    for await (const chunk of readFound(root, { name, sizeBytes }, { about, signal })) hash.update(chunk);
  return { sizeBytes, sha256: `sha256:${hash.digest('hex')}` };
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
