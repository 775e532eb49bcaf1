import { basename } from 'node:path';
import type { BlobRange } from '../../model/layer.js';
import type { PinnedPackage } from '../../model/pin.js';
import type { Progress } from '../../model/progress.js';
import { StoreError } from '../../store/error.js';
import type { Store } from '../../store/store.js';
import { SourceError } from '../error.js';
import { shownAddress } from '../transfer-failure.js';
import { archiveCalled, DISTRIBUTIONS, mirrorOf } from './distribution.js';
import { type Patience, transfer } from './fetch-transfer.js';
import { addressIn, type Mirrors } from './mirrors.js';
import { putPackageFile } from './package-file-bytes.js';
import { snapshotAddresses } from './snapshot.js';

export interface FetchOptions {
  readonly store: Store;
  /** Asked for only when something has to be fetched. */
  readonly mirrors: () => Promise<Mirrors>;
  /** Package files of the user, by their paths from a folder. */
  readonly files?: { readonly paths: readonly string[]; readonly directory: string };
  /** Fetch nothing: what is not in the store is an error. Default: false. */
  readonly offline?: boolean;
  readonly signal: AbortSignal;
  readonly progress: Progress;
  readonly patience?: Patience;
}

/** No package of a distribution comes near; the largest are 1.5 GB of debug symbols. */
const MAX_PACKAGE_BYTES = 4 * 2 ** 30;

/**
 * The `.deb` file of a pinned package in the store, fetched if it is not there; its digest and size are the pinned ones.
 * @throws {SourceError} as transfer() does; `digest-mismatch`, `size-mismatch`, `too-large`; `no-mirror`.
 */
export async function fetchPackage(pinned: PinnedPackage, options: FetchOptions): Promise<BlobRange> {
  const { store, signal, progress } = options;
  const { digest, sizeBytes } = pinned;
  if (sizeBytes > MAX_PACKAGE_BYTES) {
    throw new SourceError('too-large', `Cannot fetch ${nameOf(pinned)}: it has ${sizeBytes} bytes; at most 4 GiB`);
  }
  const range = { blob: digest, offset: 0, sizeBytes };
  if (await store.has(digest)) return range;
  if (pinned.relations !== undefined) {
    const { path, directory } = placeOf(pinned, options);
    await putPackageFile(path, { store, directory, signal, expect: { digest, sizeBytes } });
    return range;
  }
  if (options.offline === true) {
    throw new SourceError(
      'unreachable',
      `Cannot fetch ${nameOf(pinned)}: it is not in the cache, and Ingot is set to work offline; run once with network`,
    );
  }
  const mirrors = await options.mirrors();
  const addresses = addressesOf(pinned, mirrors);
  const step = `fetching ${pinned.name} ${pinned.version}`;
  const fetchFrom = async function* (url: URL): AsyncGenerator<Uint8Array> {
    let done = 0;
    progress({ step, done, total: sizeBytes });
    for await (const chunk of transfer(url, { sizeBytes, signal, patience: options.patience, http: mirrors.http })) {
      done += chunk.byteLength;
      progress({ step, done, total: sizeBytes });
      yield chunk;
    }
  };
  for (const [index, url] of addresses.entries()) {
    try {
      await store.put(fetchFrom(url), { expect: { digest, sizeBytes }, signal });
      return range;
    } catch (error) {
      const failure = mismatchOf(error, { pinned, url });
      const isElsewhere = failure instanceof SourceError && ELSEWHERE.has(failure.code);
      if (!isElsewhere) throw failure;
      if (index === addresses.length - 1)
        throw archiveCalled(pinned.archive, mirrors) ? gone(pinned, { failure, mirrors, url }) : failure;
    }
  }
  throw new SourceError(
    'no-mirror',
    `Cannot fetch ${nameOf(pinned)}: it lies in the repository ${pinned.archive}, which is not among debian.repositories; ` +
      'add it, or lock the image again',
  );
}

/** Of a package that nobody has any more, says what moves its pin. */
function gone(
  pinned: PinnedPackage,
  { failure, mirrors, url }: { readonly failure: SourceError; readonly mirrors: Mirrors; readonly url: URL },
): SourceError {
  if (failure.code !== 'not-found') return failure;
  const { snapshot } = mirrors;
  const where =
    snapshot === undefined
      ? `${shownAddress(url)} is there no more: mirrors drop old versions`
      : 'neither the mirror nor the snapshot archive has it';
  const orSnapshot =
    snapshot === undefined ? ', or set an archive that keeps them (debian.snapshot, INGOT_DEBIAN_SNAPSHOT)' : '';
  return new SourceError(
    'not-found',
    `Cannot fetch ${nameOf(pinned)}: ${where}; move its pin with \`ingot lock --update ${pinned.name}\` (without a lock ` +
      `file, with pins: 'latest')${orSnapshot}`,
    { cause: failure, context: { path: pinned.path, got: nameOf(pinned) } },
  );
}

/** What says that a package may lie in another repository. */
const ELSEWHERE: ReadonlySet<string> = new Set(['not-found', 'digest-mismatch', 'size-mismatch', 'forbidden']);

/** Where the file of the user is, of which the pin has the name. */
function placeOf(pinned: PinnedPackage, { files }: FetchOptions): { path: string; directory: string } {
  const path = files?.paths.find((one) => basename(one) === pinned.path);
  if (path !== undefined && files !== undefined) return { path, directory: files.directory };
  throw new SourceError(
    'not-found',
    `Cannot open ${nameOf(pinned)}: it is a file, ${pinned.path}, of which only the name is known here; build it where the file is`,
  );
}

/** `crun 1.21-1`, as it is called in messages. */
export function nameOf(pinned: PinnedPackage): string {
  return `${pinned.name} ${pinned.version}`;
}

/**
 * Where a package lies, or may lie: in one of Debian's archives, in the repository with the name that is pinned, or, as
 * what is not called by a name of ours can be in any, in the others. The digest decides.
 * @throws {SourceError} `malformed` for a path that leads out of the mirror: a pin may come from anywhere.
 */
function addressesOf(pinned: PinnedPackage, mirrors: Mirrors): URL[] {
  const components = pinned.path.split('/');
  if (components.some((component) => /^\.{0,2}$/.test(component) || /[\\\0]/.test(component))) {
    throw new SourceError(
      'malformed',
      `Cannot fetch ${nameOf(pinned)}: its path ${JSON.stringify(pinned.path)} is none`,
    );
  }
  const { archive } = pinned;
  const { repositories = [] } = mirrors;
  const named = repositories.filter(({ name }) => name === archive);
  const others = repositories.filter(({ name }) => name !== archive);
  const { snapshot } = mirrors;
  const own = archiveCalled(archive, mirrors);
  const ofSnapshot = own && DISTRIBUTIONS[own.distribution].snapshots[own.archive];
  const kept = snapshot && ofSnapshot ? snapshotAddresses(snapshot, ofSnapshot) : [];
  const bases = own ? [mirrorOf(mirrors, own), ...kept] : [...named, ...others].map(({ address }) => address);
  const path = components.map(encodeURIComponent).join('/');
  return bases.map((base) => addressIn(base, path));
}

/** Says of bytes that were refused by the store where they came from. */
function mismatchOf(error: unknown, { pinned, url }: { readonly pinned: PinnedPackage; readonly url: URL }): unknown {
  if (!(error instanceof StoreError) || error.code !== 'corrupt') return error;
  const { got, want, property } = error.context;
  const size = property === 'sizeBytes';
  return new SourceError(
    size ? 'size-mismatch' : 'digest-mismatch',
    `Cannot fetch ${nameOf(pinned)} from ${shownAddress(url)}: its ${size ? 'size in bytes' : 'digest'} is ${got}; ` +
      `${want} is pinned; try another mirror, or pin again`,
    { cause: error, context: error.context },
  );
}
