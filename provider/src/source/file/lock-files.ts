import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Digest } from '../../model/digest.js';
import type { BlobRange } from '../../model/layer.js';
import type { LockedFile } from '../../model/lock.js';
import type { Spec } from '../../model/spec.js';
import type { Content } from '../../model/tree.js';
import type { Store } from '../../store/store.js';
import { SourceError } from '../error.js';

/** A user's file may be this large: an image is the wrong place for more. */
const MAX_FILE_BYTES = 16 * 1024 ** 3;

export interface LockedFiles {
  /** By index in `spec.files`, or as `ca[INDEX]`. An `optional` file that does not exist has no entry. */
  readonly files: Readonly<Record<string, LockedFile>>;
  /** The paths they were read from, and the addresses of files to be fetched, as the spec gives them. */
  readonly sources: Readonly<Record<string, string>>;
}

/**
 * Reads the files that a spec names by their paths, keeps their content in the store, and returns their digests.
 * @throws {SourceError} `not-found` or `unreadable`, with the property of the spec.
 */
export async function lockFiles(
  spec: Spec,
  options: { directory: string; store: Store; signal: AbortSignal },
): Promise<LockedFiles> {
  const files: Record<string, LockedFile> = {};
  const sources: Record<string, string> = {};
  for (const [index, { source, optional = false }] of (spec.files ?? []).entries()) {
    if (typeof source === 'object') sources[index] = source.url;
    if (typeof source !== 'string') continue;
    const locked = await readFile(source, `files[${index}].source`, optional, options);
    if (locked === undefined) continue;
    files[index] = locked;
    sources[index] = source;
  }
  for (const [index, entry] of (spec.ca ?? []).entries()) {
    if (typeof entry === 'string') continue;
    const locked = await readFile(entry.source, `ca[${index}].source`, false, options);
    if (locked !== undefined) files[`ca[${index}]`] = locked;
    sources[`ca[${index}]`] = entry.source;
  }
  return { files, sources };
}

/**
 * The contents of locked files, by their keys in the lock: from the store, or read again from their sources where it has lost them.
 * @throws {SourceError} `changed` where a file no longer has the content that was locked.
 */
export async function openFiles(
  files: Readonly<Record<string, LockedFile>>,
  options: { sources: Readonly<Record<string, string>>; directory: string; store: Store; signal: AbortSignal },
): Promise<Map<string, Content>> {
  const contents = new Map<string, Content>();
  for (const [key, { digest, sizeBytes }] of Object.entries(files)) {
    if (!(await options.store.has(digest))) {
      const source = options.sources[key];
      const property = key.startsWith('ca') ? `${key}.source` : `files[${key}].source`;
      const found = source && (await readFile(source, property, true, options));
      if (!found || found.digest !== digest) {
        throw new SourceError(
          'changed',
          `Cannot read ${source ?? property}: its content is no longer the one that was locked (${digest}); ` +
            'run the update without --target, so that the image is locked again',
        );
      }
    }
    const range: BlobRange = { blob: digest, offset: 0, sizeBytes };
    contents.set(key, { ...range, sha256: digest });
  }
  return contents;
}

async function readFile(
  source: string,
  property: string,
  optional: boolean,
  options: { directory: string; store: Store; signal: AbortSignal },
): Promise<LockedFile | undefined> {
  const path = resolve(options.directory, source);
  try {
    const status = await stat(path);
    if (!status.isFile()) {
      throw new SourceError('unreadable', `Cannot read ${source}: it is not a file; name a file as source`, {
        context: { path: source, property },
      });
    }
    return await keep(path, options);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' && optional) return undefined;
    if (code === 'ENOENT') {
      throw new SourceError('not-found', `Cannot read ${source}: there is no such file; it is named by ${property}`, {
        cause: error,
        context: { path: source, property },
      });
    }
    if (code === 'EACCES' || code === 'EPERM' || code === 'EISDIR' || code === 'ENOTDIR') {
      throw new SourceError('unreadable', `Cannot read ${source}: ${code}; it is named by ${property}`, {
        cause: error,
        context: { path: source, property },
      });
    }
    throw error;
  }
}

/** Hashes first: a file that has not changed, which is the usual case, is then not written again. */
async function keep(path: string, options: { store: Store; signal: AbortSignal }): Promise<LockedFile> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for await (const chunk of createReadStream(path, { signal: options.signal })) {
    hash.update(chunk);
    sizeBytes += chunk.length;
    if (sizeBytes > MAX_FILE_BYTES) break;
  }
  const digest: Digest = `sha256:${hash.digest('hex')}`;
  if (await options.store.has(digest)) return { digest, sizeBytes };
  return options.store.put(createReadStream(path, { signal: options.signal }), { maxBytes: MAX_FILE_BYTES });
}
