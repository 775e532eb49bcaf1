import { setImmediate } from 'node:timers/promises';
import { readDeb822 } from '../../format/deb822.js';
import { digestStream, limitStream } from '../../format/digest-stream.js';
import { FormatError } from '../../format/error.js';
import type { BlobRange } from '../../model/layer.js';
import type { Progress } from '../../model/progress.js';
import { StoreError } from '../../store/error.js';
import type { Store } from '../../store/store.js';
import { SourceError } from '../error.js';
import type { Http } from '../registry/http.js';
import { shownAddress } from '../transfer-failure.js';
import { parseDependencies } from './dependency.js';
import { type Patience, transfer } from './fetch-transfer.js';
import { encodeIndexFile, IndexFile, type IndexFileLocation } from './index-file.js';
import { IndexLines } from './index-lines.js';
import { addressIn } from './mirrors.js';
import { formatEntry, PACKAGE_FIELDS, type PackageEntry, packageEntryOf, parseEntry } from './packages-index-entry.js';
import type { ListedFile } from './release.js';
import type { ArchiveRelease } from './releases.js';

export interface PackagesIndexOptions {
  readonly store: Store;
  readonly architecture: string;
  /** Part of the suite; `''` for a flat one, which has no parts. Default: `main`. */
  readonly component?: string;
  readonly offline?: boolean;
  readonly signal: AbortSignal;
  readonly progress: Progress;
  readonly patience?: Patience;
  /** Connections that know the proxies. Default: those of Node, which know none. */
  readonly http?: Http | undefined;
}

/** Packages, to be found by their names and by what they provide. */
export interface PackageList {
  packages(name: string): Promise<PackageEntry[]>;
  providers(name: string): Promise<string[]>;
  names(): AsyncIterable<string>;
}

/** The packages of one suite and architecture. */
export class PackagesIndex implements PackageList {
  readonly #file: IndexFile;

  constructor(file: IndexFile) {
    this.#file = file;
  }

  /** The packages of that name, in the order of the suite's index; mostly one or none. */
  async packages(name: string): Promise<PackageEntry[]> {
    return (await this.#file.values(name)).map((value) => parseEntry(name, value));
  }

  /** Names of the packages that provide a name, sorted. */
  async providers(name: string): Promise<string[]> {
    return [...new Set(await this.#file.values(`${PROVIDED}${name}`))];
  }

  /** Names of all packages, sorted. Reads the whole index. */
  async *names(): AsyncGenerator<string, void, undefined> {
    for await (const key of this.#file.keys()) if (!key.startsWith(PROVIDED)) yield key;
  }
}

/** Before the keys of provided names; no package name begins with it. */
const PROVIDED = '*';

/** What takes some 10 ms. */
const PACKAGES_IN_A_TURN = 500;

/** Debian's largest have 57 MB in 9.7 MB. */
const MAX_INDEX_BYTES = 1 << 30;

/**
 * The packages of one component in a verified release. Where the store does not have them, the index is fetched (by digest, if
 * the archive can do that), verified and kept in a form that later processes open without reading all of it.
 * @throws {SourceError} as transfer() does; `digest-mismatch`, `size-mismatch`, `too-large`, `malformed`;
 *   `unsupported` where the suite has no packages for the architecture.
 */
export async function openPackagesIndex(found: ArchiveRelease, options: PackagesIndexOptions): Promise<PackagesIndex> {
  const { store } = options;
  const read = (range: BlobRange): Promise<Buffer> => store.read(range);
  const plain = found.release.files[`${folderOf(options)}Packages`];
  const listed = plain ?? compressedFile(found, options)[1];
  const key = `debian packages 1 ${listed.digest}`;
  const known = (await store.recall(key)) as unknown as IndexFileLocation | undefined;
  if (known !== undefined && (await store.has(known.digest))) {
    return new PackagesIndex(await IndexFile.open(read, known));
  }
  const location = await makeIndex(found, { ...options, plain });
  await store.remember(key, { ...location });
  return new PackagesIndex(await IndexFile.open(read, location));
}

/** Where the index lies under the suite: empty, or with a slash at its end. */
function folderOf({ component = 'main', architecture }: PackagesIndexOptions): string {
  return component === '' ? '' : `${component}/binary-${architecture}/`;
}

/**
 * The form of the index that costs least: Debian's `.gz` has 13.3 MB and `.xz` 9.7 MB, but that takes a second and 90 MB
 * of memory more to decompress.
 */
function compressedFile(
  { release, suite }: ArchiveRelease,
  options: PackagesIndexOptions,
): [path: string, file: ListedFile] {
  for (const ending of ['.gz', '.xz', '']) {
    const path = `${folderOf(options)}Packages${ending}`;
    const file = release.files[path];
    if (file !== undefined) return [path, file];
  }
  const { component = 'main', architecture } = options;
  const what = component === 'main' || component === '' ? '' : ` in ${component}`;
  throw new SourceError(
    'unsupported',
    `Cannot use the suite ${suite}: it lists no packages for ${architecture}${what}`,
  );
}

type MakeOptions = PackagesIndexOptions & { readonly plain: ListedFile | undefined };

async function makeIndex(found: ArchiveRelease, options: MakeOptions): Promise<IndexFileLocation> {
  const { store, signal, progress } = options;
  const [path, file] = compressedFile(found, options);
  const blob = await fetchListed(found, { ...options, path, file });
  progress({ step: `indexing the packages of ${found.suite}` });
  const of = `${path} of ${found.suite}`;
  const { decompress } = await import('../../format/decompress.js');
  const compression = path.endsWith('.xz') ? 'xz' : path.endsWith('.gz') ? 'gzip' : 'none';
  const chunks = decompress(store.stream(blob, signal), { compression, maxBytes: MAX_INDEX_BYTES, signal });
  const lines = await readLines(chunks, { of, plain: options.plain });
  let directoryBytes = 0;
  async function* bytes(): AsyncGenerator<Uint8Array> {
    directoryBytes = yield* encodeIndexFile(lines);
  }
  const stored = await store.put(bytes(), { signal });
  return { ...stored, directoryBytes };
}

async function fetchListed(
  { mirror, folder: suiteFolder, suite, release }: ArchiveRelease,
  options: MakeOptions & { readonly path: string; readonly file: ListedFile },
): Promise<BlobRange> {
  const { store, signal, progress, path, file, patience, http } = options;
  const range = { blob: file.digest, offset: 0, sizeBytes: file.sizeBytes };
  if (await store.has(file.digest)) return range;
  if (options.offline === true) {
    throw new SourceError(
      'unreachable',
      `Cannot use the suite ${suite}: its package index is not in the cache, and Ingot is set to work offline; run once with network`,
    );
  }
  if (file.sizeBytes > MAX_INDEX_BYTES) {
    throw new SourceError('too-large', `Cannot use ${path} of ${suite}: it has ${file.sizeBytes} bytes; at most 1 GiB`);
  }
  const step = `fetching the package index of ${suite}`;
  const folder = path.slice(0, path.lastIndexOf('/') + 1);
  const places = [
    // While a mirror is being updated, only the file under its digest is sure to be the one that the release lists.
    ...(release.acquireByHash ? [`${folder}by-hash/SHA256/${file.digest.slice('sha256:'.length)}`] : []),
    path,
  ];
  for (const [index, place] of places.entries()) {
    const url = addressIn(mirror, `${suiteFolder}${place}`);
    const chunks = transfer(url, { sizeBytes: file.sizeBytes, signal, patience, http });
    try {
      await store.put(
        counted(chunks, (done) => progress({ step, done, total: file.sizeBytes })),
        {
          expect: file,
          signal,
        },
      );
      return range;
    } catch (error) {
      const isLast = index === places.length - 1;
      if (isLast || !(error instanceof SourceError && error.code === 'not-found')) throw mismatchOf(error, url);
    }
  }
  return range;
}

async function* counted(
  chunks: AsyncIterable<Uint8Array>,
  report: (doneBytes: number) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  let done = 0;
  report(done);
  for await (const chunk of chunks) {
    done += chunk.byteLength;
    report(done);
    yield chunk;
  }
}

/** The lines of the index file: each package by its name, and by each name that it provides. */
async function readLines(
  chunks: AsyncIterable<Uint8Array>,
  { of, plain }: { readonly of: string; readonly plain: ListedFile | undefined },
): Promise<IndexLines> {
  const maxBytes = plain?.sizeBytes ?? MAX_INDEX_BYTES;
  const verified = digestStream(limitStream(chunks, { maxBytes, of }), ({ digest, sizeBytes }) => {
    if (plain === undefined || digest === plain.digest) return;
    throw new SourceError(
      'digest-mismatch',
      `Cannot use ${of}: decompressed it has the digest ${digest} and ${sizeBytes} bytes; the release lists ${plain.digest}`,
      { context: { got: digest, want: plain.digest } },
    );
  });
  const lines = new IndexLines();
  try {
    let added = 0;
    for await (const stanzas of readDeb822(verified, { fields: PACKAGE_FIELDS, encoding: 'latin1' })) {
      for (const stanza of stanzas) addLines(lines, packageEntryOf(stanza));
      added += stanzas.length;
      if (added < PACKAGES_IN_A_TURN) continue;
      added = 0;
      // Nothing here waits for anything that takes long: without this, all else would wait for all of it.
      await setImmediate();
    }
  } catch (error) {
    if (error instanceof SyntaxError)
      throw new SourceError('malformed', `Cannot read ${of}: ${error.message}`, { cause: error });
    if (error instanceof FormatError)
      throw new SourceError(error.code === 'too-large' ? 'too-large' : 'malformed', error.message, { cause: error });
    throw error;
  }
  return lines;
}

function addLines(lines: IndexLines, entry: PackageEntry): void {
  lines.add(formatEntry(entry));
  if (entry.provides === '') return;
  for (const provided of parseDependencies(entry.provides, entry.architecture).flat()) {
    lines.add(`${PROVIDED}${provided.name}\t${entry.name}`);
  }
}

function mismatchOf(error: unknown, url: URL): unknown {
  if (!(error instanceof StoreError) || error.code !== 'corrupt') return error;
  const { got, want, property } = error.context;
  const size = property === 'sizeBytes';
  return new SourceError(
    size ? 'size-mismatch' : 'digest-mismatch',
    `Cannot use ${shownAddress(url)}: its ${size ? 'size in bytes' : 'digest'} is ${got}; the signed release lists ${want}: ` +
      'the mirror is damaged or just being updated, so try again later, or set another mirror',
    { cause: error, context: error.context },
  );
}
