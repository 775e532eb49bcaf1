import { createHash } from 'node:crypto';
import { realpath, stat } from 'node:fs/promises';
import { mapInOrder } from '../../format/map-in-order.js';
import { encodePath } from '../../format/path-text.js';
import { tarEnd, tarHeader, tarPadding } from '../../format/tar-writer.js';
import type { Digest } from '../../model/digest.js';
import type { Layer } from '../../model/layer.js';
import type { DirectoryPin } from '../../model/pin.js';
import type { Progress } from '../../model/progress.js';
import { hasLayer, putTar, recallLayer, rememberLayer } from '../../store/layers.js';
import type { Store } from '../../store/store.js';
import { SourceError } from '../error.js';
import { unreadable } from '../layout/folder.js';
import { KnownDigests } from './known-digests.js';
import { changed, FILES_IN_FLIGHT, type FolderEntry, folderDigest, readFound, walkFolder } from './walk.js';

export interface DirectoryOptions {
  /** The reference, for messages. */
  readonly about: string;
  readonly store: Store;
  readonly signal: AbortSignal;
  readonly progress: Progress;
  /** Tells which files are too young for their times to say whether they have changed. */
  readonly now: () => Date;
}

/**
 * The pin of a folder's content. The content is in the store afterwards: the folder may change before it is opened.
 * @throws {SourceError} as walkFolder() does, and `not-found` where there is no such folder.
 */
export async function resolveDirectory(path: string, options: DirectoryOptions): Promise<DirectoryPin> {
  options.progress({ step: `reading ${options.about}` });
  const root = await rootOf(path, options.about);
  const walk = async (): Promise<DirectoryPin> => {
    const known = await KnownDigests.open(options.store, { root, nowMs: options.now().getTime() });
    const entries = await walkFolder(root, { ...options, known });
    await known.save();
    const pin: DirectoryPin = { kind: 'directory', digest: folderDigest(entries) };
    try {
      if (!(await hasLayer(options.store, keyOf(pin)))) await keep(pin, { root, entries }, options);
    } catch (error) {
      // A file system whose times say nothing: what was known of its files is not so.
      if (known.hasKnown && error instanceof SourceError && error.code === 'changed') {
        await known.forget();
        return walk();
      }
      throw error;
    }
    return pin;
  };
  return walk();
}

/**
 * The content of a pinned folder as one layer, whose times are all 0 and whose owner is root: from the store, or from
 * the folder, if that still has it.
 * @throws {SourceError} `changed` where neither has it; as resolveDirectory() does.
 */
export async function openDirectory(pin: DirectoryPin, path: string, options: DirectoryOptions): Promise<Layer> {
  const known = await recallLayer(options.store, keyOf(pin));
  if (known !== undefined) return known;
  const root = await rootOf(path, options.about);
  const entries = await walkFolder(root, options);
  const digest = folderDigest(entries);
  if (digest !== pin.digest) {
    throw new SourceError(
      'changed',
      `Cannot read ${options.about}: its content is no longer the one that was locked (${pin.digest}); ` +
        'run the update without --target, so that the image is locked again',
      { context: { path, got: digest, want: pin.digest } },
    );
  }
  return await keep(pin, { root, entries }, options);
}

/**
 * The same from an archive that openDirectory() has made, on this machine or another.
 * @throws {SourceError} `digest-mismatch` where the archive is not that of the pin. {StoreError} {FormatError}
 */
export async function adoptDirectory(
  pin: DirectoryPin,
  { digest, chunks }: { readonly digest: Digest; readonly chunks: AsyncIterable<Uint8Array> },
  { about, store, signal }: Omit<DirectoryOptions, 'now'>,
): Promise<void> {
  if ((await recallLayer(store, keyOf(pin))) !== undefined) return;
  const layer = await putTar(store, chunks, { expect: { digest }, signal });
  const entries = layer.entries.map(({ path, type, mode, link, content }) => ({
    ...{ path, type, mode, ...(link === undefined ? {} : { link }) },
    ...(content === undefined ? {} : { content: { sizeBytes: content.sizeBytes, sha256: content.sha256 } }),
  }));
  const got = folderDigest(entries);
  const plain = layer.entries.every(({ uid, gid, mtimeSeconds, xattrs }) => !uid && !gid && !mtimeSeconds && !xattrs);
  if (got !== pin.digest || !plain) {
    throw new SourceError('digest-mismatch', `Cannot use ${about}: its content is not the one that was locked`, {
      context: { path: about, got, want: pin.digest },
    });
  }
  await rememberLayer(store, keyOf(pin), layer);
}

interface Walked {
  readonly root: Buffer;
  readonly entries: readonly FolderEntry[];
}

async function keep(pin: DirectoryPin, walked: Walked, options: DirectoryOptions): Promise<Layer> {
  const layer = await putTar(options.store, tarOf(walked, options), { signal: options.signal });
  await rememberLayer(options.store, keyOf(pin), layer);
  return layer;
}

/** Files up to this are read ahead, several at a time. */
const SMALL_BYTES = 1 << 16;

/** The folder as a tar archive; what is read must be what was hashed before. */
async function* tarOf(walked: Walked, options: DirectoryOptions): AsyncGenerator<Uint8Array> {
  const load = async (entry: FolderEntry) => {
    const small = (entry.content?.sizeBytes ?? 0) <= SMALL_BYTES;
    return { entry, bytes: small ? await collected(contentOf(entry, walked, options)) : undefined };
  };
  for await (const { entry, bytes } of mapInOrder(walked.entries, load, { inFlight: FILES_IN_FLIGHT })) {
    yield headerOf(entry);
    if (bytes === undefined) yield* contentOf(entry, walked, options);
    else if (bytes.length > 0) yield bytes;
    yield tarPadding(entry.content?.sizeBytes ?? 0);
  }
  yield tarEnd();
}

function headerOf({ path, type, mode, link, content }: FolderEntry): Uint8Array {
  return tarHeader({
    path: encodePath(path),
    type,
    mode,
    uid: 0,
    gid: 0,
    mtimeSeconds: 0,
    sizeBytes: content?.sizeBytes ?? 0,
    ...(link === undefined ? {} : { link: encodePath(link) }),
  });
}

async function* contentOf(
  { path, content }: FolderEntry,
  { root }: Walked,
  options: DirectoryOptions,
): AsyncGenerator<Uint8Array> {
  if (content === undefined || content.sizeBytes === 0) return;
  const hash = createHash('sha256');
  for await (const chunk of readFound(root, { path, sizeBytes: content.sizeBytes }, options)) {
    hash.update(chunk);
    yield chunk;
  }
  if (`sha256:${hash.digest('hex')}` !== content.sha256) throw changed(options.about, path);
}

async function collected(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return all.length === 1 ? (all[0] as Uint8Array) : Buffer.concat(all);
}

/** The folder itself may be named by a link; what is in it is not followed. */
async function rootOf(path: string, about: string): Promise<Buffer> {
  try {
    const real = await realpath(path, { encoding: 'buffer' });
    if ((await stat(real)).isDirectory()) return real;
  } catch (error) {
    throw unreadable(about, path, error);
  }
  throw new SourceError('unreadable', `Cannot read ${about}: ${path} is not a folder; name a folder`, {
    context: { path },
  });
}

function keyOf({ digest }: DirectoryPin): string {
  return `directory 1 ${digest}`;
}
