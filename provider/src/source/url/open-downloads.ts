import { decompress } from '../../format/decompress.js';
import { FormatError } from '../../format/error.js';
import type { Digest } from '../../model/digest.js';
import type { BlobRange, Layer } from '../../model/layer.js';
import type { LockedDownload } from '../../model/lock.js';
import type { Content } from '../../model/tree.js';
import { putTar, recallLayer, rememberLayer } from '../../store/layers.js';
import { SourceError } from '../error.js';
import { compressionOf } from '../oci/sniffed.js';
import { type FetchOptions, fetchFile } from './fetch.js';

/** The same as for packages. */
const MAX_ARCHIVE_BYTES = 8 * 2 ** 30;
/** As much as is needed to tell how a file is compressed. */
const START_BYTES = 6;

export interface Downloads {
  /** By index in `spec.files`. */
  readonly files: ReadonlyMap<number, Content>;
  /** By index in `spec.files`, of those that are to be unpacked. */
  readonly archives: ReadonlyMap<number, Layer>;
}

/**
 * Files that are known by their digests: from the store, else fetched. Archives are unpacked once, into the store.
 * @param options.sources Addresses, by index in `spec.files`.
 * @throws {SourceError} as fetchFile() does; `malformed`, `unsupported`, `too-large` for an archive that cannot be read.
 */
export async function openDownloads(
  downloads: Readonly<Record<string, LockedDownload>>,
  options: FetchOptions & { readonly sources: Readonly<Record<string, string>> },
): Promise<Downloads> {
  const files = new Map<number, Content>();
  const archives = new Map<number, Layer>();
  for (const [index, { digest, unpack }] of Object.entries(downloads)) {
    const wanted = { digest, url: options.sources[index], property: `files[${index}].source` };
    if (unpack === true) archives.set(Number(index), await openArchive(wanted, options));
    else files.set(Number(index), { ...(await fetchFile(wanted, options)), sha256: digest });
  }
  return { files, archives };
}

interface Wanted {
  readonly url: string | undefined;
  readonly digest: Digest;
  readonly property: string;
}

async function openArchive(wanted: Wanted, options: FetchOptions): Promise<Layer> {
  const { store, signal, progress } = options;
  const key = `archive ${wanted.digest}`;
  const known = await recallLayer(store, key);
  if (known !== undefined) return known;
  const range = await fetchFile(wanted, options);
  progress({ step: `unpacking ${wanted.property}` });
  try {
    const compression = compressionOf(await store.read(startOf(range)), 'none');
    const tar = decompress(store.stream(range, signal), { compression, maxBytes: MAX_ARCHIVE_BYTES, signal });
    const layer = await putTar(store, tar, { signal });
    await rememberLayer(store, key, layer);
    return layer;
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    const code = error.code === 'unsupported' || error.code === 'too-large' ? error.code : 'malformed';
    const what = `${error.message}; wanted a tar archive, plain or compressed with gzip, xz or zstd`;
    throw new SourceError(code, `Cannot unpack ${wanted.property}: ${what}`, {
      cause: error,
      context: { property: wanted.property },
    });
  }
}

function startOf(range: BlobRange): BlobRange {
  return { ...range, sizeBytes: Math.min(START_BYTES, range.sizeBytes) };
}
