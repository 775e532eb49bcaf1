import type { EncodedFile } from '../encode/context.js';
import type { Artifact, ArtifactFile, Format } from '../model/artifact.js';
import type { Digest, Json } from '../model/digest.js';
import type { BlobRange } from '../model/layer.js';
import { type LockedImage, lockDigest } from '../model/lock.js';
import type { Tree } from '../model/tree.js';
import type { Store } from '../store/store.js';
import { assemble } from './assemble.js';
import { commandLineOf } from './command-line.js';
import type { Workshop } from './workshop.js';

/** Lock → Artifact. What was built before is not built again. */
export async function build(
  image: LockedImage,
  format: Format,
  workshop: Workshop,
  options: { compression?: Compression } = {},
): Promise<Artifact> {
  const encode = await import('../encode/index.js');
  const { store, signal } = workshop;
  const compression = options.compression ?? 'zstd';
  const digest = lockDigest(image.lock);
  const compressor = encode.compressorOf(format, compression);
  const key = `artifact ${digest} ${format} ${compressor}`;
  const known = await artifactOf((await store.recall(key)) as Record<string, StoredFile> | undefined, store);
  if (known) return { format, image: digest, compressor, files: known };

  const stored: Record<string, StoredFile> = {};
  const { files } = await encodeTree(image, { format, compression }, workshop);
  for (const { role, bytes } of files) {
    workshop.progress({ step: `encoding ${role}` });
    stored[role] = await store.put(bytes(), { signal });
  }
  await store.remember(key, stored as unknown as Json);
  return { format, image: digest, compressor, files: (await artifactOf(stored, store)) ?? [] };
}

/** Bytes of an artifact that nobody keeps. */
export interface StreamedArtifact {
  /** Of all files in it together: somewhat less than it has itself. */
  readonly contentBytes: number;
  /** To be taken once. A chunk may be overwritten when the next one is asked for. */
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** Formats whose bytes are those of the store in another order: they are made about as fast as they could be copied. */
export function isStreamed(format: Format): boolean {
  return format === 'tar';
}

/** Lock → the one file of an artifact, for a format that is streamed. */
export async function stream(image: LockedImage, format: Format, workshop: Workshop): Promise<StreamedArtifact> {
  const { tree, files } = await encodeTree(image, { format, compression: 'none' }, workshop);
  const [file] = files;
  if (!isStreamed(format) || file === undefined) throw new TypeError(`${format} is not streamed`);
  const contentBytes = tree.entries.reduce((sum, { content }) => sum + (content?.sizeBytes ?? 0), 0);
  return { contentBytes, bytes: file.bytes({ reuse: true, trusting: true }) };
}

async function encodeTree(
  image: LockedImage,
  { format, compression }: { readonly format: Format; readonly compression: Compression },
  workshop: Workshop,
): Promise<{ readonly tree: Tree; readonly files: readonly EncodedFile[] }> {
  const { store, signal, progress } = workshop;
  const encode = await import('../encode/index.js');
  progress({ step: 'assembling' });
  const tree = await assemble(image, workshop);
  const context = {
    read: (range: BlobRange) => store.stream(range, signal),
    readInto: (range: BlobRange, target: Uint8Array) => store.readInto(range, target),
    memo: (name: string, make: () => AsyncIterable<Uint8Array>) => memo(name, make, workshop),
    signal,
  };
  const commandLine = commandLineOf(image.lock);
  const files =
    format === 'tar'
      ? await encode.encodeTar(tree, context)
      : await encode.encodeKernelInitrd(tree, { commandLine, compression }, context);
  return { tree, files };
}

export type Compression = 'none' | 'zstd' | 'gzip';

interface StoredFile {
  readonly digest: Digest;
  readonly sizeBytes: number;
}

/** The files of an artifact as they lie in the store; undefined where one of them has gone. */
async function artifactOf(
  stored: Readonly<Record<string, StoredFile>> | undefined,
  store: Store,
): Promise<ArtifactFile[] | undefined> {
  if (stored === undefined) return undefined;
  const files: ArtifactFile[] = [];
  for (const [role, { digest, sizeBytes }] of Object.entries(stored)) {
    if (!(await store.has(digest))) return undefined;
    files.push({ role, path: store.pathOf(digest), sizeBytes, digest });
  }
  return files;
}

/** A part of an encoding, by a name that says all that decides its bytes. */
async function memo(
  name: string,
  make: () => AsyncIterable<Uint8Array>,
  { store, signal }: Workshop,
): Promise<BlobRange> {
  const known = (await store.recall(name)) as unknown as StoredFile | undefined;
  const { digest, sizeBytes } = known && (await store.has(known.digest)) ? known : await store.put(make(), { signal });
  if (known === undefined) await store.remember(name, { digest, sizeBytes });
  return { blob: digest, offset: 0, sizeBytes };
}
