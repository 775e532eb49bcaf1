import { createHash } from 'node:crypto';
import { gzip, gzipName } from '../format/gzip.js';
import { type Digest, isDigest } from '../model/digest.js';
import type { BlobRange } from '../model/layer.js';
import { archiveBytes } from './archive.js';
import { GZIP_LEVEL } from './compression.js';
import type { EncodeContext } from './context.js';
import { EncodeError } from './error.js';
import type { OciLayer } from './oci-layers.js';

/** A layer as it is passed on: compressed with gzip, which every tool can read. */
export interface LayerBlob {
  readonly range: BlobRange;
  readonly digest: Digest;
  readonly sizeBytes: number;
  /** Of the uncompressed archive. */
  readonly diffId: Digest;
}

/** Raised when the same entries are to give other bytes. */
const VERSION = 1;

/** The layer, compressed; made once for what is in it. */
export async function layerBlob(layer: OciLayer, context: EncodeContext): Promise<LayerBlob> {
  const key = `${VERSION} ${gzipName(GZIP_LEVEL)} ${layer.key}`;
  // Known where the bytes are made now; where they were made before, there is a note of it.
  let made: { readonly diffId: Digest; readonly digest: Digest } | undefined;
  const range = await context.memo(`oci-layer ${key}`, async function* () {
    const plain = hashing(archiveBytes(layer.entries(), context));
    const packed = hashing(gzip(plain.chunks, { level: GZIP_LEVEL }));
    yield* packed.chunks;
    made = { diffId: plain.digest(), digest: packed.digest() };
  });
  const digest = await note(`oci-layer-digest ${key}`, context, async () => {
    return made?.digest ?? (await digestOf(context.read(range)));
  });
  const known = made?.diffId;
  return { range, digest, sizeBytes: range.sizeBytes, diffId: await layerDiffId(layer, context, known) };
}

/** The digest of the uncompressed layer; found out once for what is in it. */
export async function layerDiffId(layer: OciLayer, context: EncodeContext, known?: Digest): Promise<Digest> {
  return await note(`oci-diff-id ${VERSION} ${layer.key}`, context, async () => {
    return known ?? (await digestOf(archiveBytes(layer.entries(), context, { reuse: true })));
  });
}

/** A digest that is kept under a name. */
async function note(key: string, context: EncodeContext, make: () => Promise<Digest>): Promise<Digest> {
  const range = await context.memo(key, async function* () {
    yield Buffer.from(await make());
  });
  const chunks: Uint8Array[] = [];
  for await (const chunk of context.read(range)) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString('latin1');
  if (isDigest(text)) return text;
  throw new EncodeError('corrupt', `Cannot use what the cache says of "${key}": it is no digest; empty the cache`);
}

async function digestOf(chunks: AsyncIterable<Uint8Array>): Promise<Digest> {
  const counted = hashing(chunks);
  for await (const _ of counted.chunks);
  return counted.digest();
}

function hashing(chunks: AsyncIterable<Uint8Array>): { chunks: AsyncIterable<Uint8Array>; digest: () => Digest } {
  const hash = createHash('sha256');
  const passed = async function* () {
    for await (const chunk of chunks) {
      hash.update(chunk);
      yield chunk;
    }
  };
  return { chunks: passed(), digest: () => `sha256:${hash.digest('hex')}` };
}
