import type { EncodedFile, Part } from '../encode/context.js';
import type { Artifact, ArtifactFile, Format } from '../model/artifact.js';
import type { Json } from '../model/digest.js';
import { type LockedImage, lockDigest } from '../model/lock.js';
import type { Tree } from '../model/tree.js';
import type { Store } from '../store/store.js';
import { type Compression, type EncodeOptions, encodeImage } from './encode.js';
import { keepFiles, recallFiles } from './kept-files.js';
import type { StoredFile } from './memo.js';
import { type PredictedBoot, predictBoot } from './predict.js';
import type { Workshop } from './workshop.js';

/** Lock → Artifact, kept in the store. What was built before is not built again. */
export async function build(
  image: LockedImage,
  format: Format,
  workshop: Workshop,
  options: { compression?: Compression } = {},
): Promise<Artifact> {
  const { compressorOf } = await import('../encode/compression.js');
  const { store, signal } = workshop;
  const compression = options.compression ?? 'zstd';
  const digest = lockDigest(image.lock);
  const compressor = compressorOf(format, compression);
  const key = `artifact ${digest} ${format} ${compressor}`;
  const known = await artifactOf((await store.recall(key)) as Record<string, StoredFile> | undefined, store);
  if (known) return { format, image: digest, compressor, files: known };

  const stored: Record<string, StoredFile> = {};
  const { files } = await encodeImage(image, { format, compression }, workshop);
  for (const { role, bytes } of files) {
    workshop.progress({ step: `encoding ${role}` });
    stored[role] = await store.put(bytes(), { signal });
  }
  await store.remember(key, stored as unknown as Json);
  return { format, image: digest, compressor, files: (await artifactOf(stored, store)) ?? [] };
}

/** An artifact that nobody keeps. */
export interface StreamedArtifact {
  readonly files: readonly StreamedFile[];
  /** Of a disk. */
  readonly boot?: PredictedBoot;
}

export interface StreamedFile extends Pick<EncodedFile, 'role' | 'image'> {
  /** Of all that is in it: somewhat less than it has itself, or more where it is compressed. Of a disk, its size. */
  readonly contentBytes: number;
  /** To be taken once. A chunk may be overwritten when the next one is asked for. */
  readonly bytes: AsyncIterable<Uint8Array>;
}

/**
 * Lock → the files of an artifact, to be written elsewhere: made about as fast as they could be copied, from parts that
 * are kept. Where an artifact is nothing but such parts, what was built before is not assembled again.
 */
export async function stream(
  image: LockedImage,
  format: Format,
  workshop: Workshop,
  options: EncodeOptions = {},
): Promise<StreamedArtifact> {
  if (format === 'kernel+initrd') return { files: await kernelFiles(image, workshop) };
  const { tree, files, disk } = await encodeImage(image, { format, ...options, trusting: true }, workshop);
  const contentBytes = contentBytesOf(tree);
  return {
    ...(disk ? { boot: await predictBoot(disk) } : {}),
    files: files.map(({ role, bytes, image: blocks }) => ({
      role,
      contentBytes: blocks?.sizeBytes ?? contentBytes,
      bytes: bytes({ reuse: true, trusting: true }),
      ...(blocks ? { image: blocks } : {}),
    })),
  };
}

async function kernelFiles(image: LockedImage, workshop: Workshop): Promise<StreamedFile[]> {
  const { compressorOf } = await import('../encode/compression.js');
  const { partBytes } = await import('../encode/parts.js');
  const { store, signal } = workshop;
  const reader = { readInto: store.readInto.bind(store), signal };
  const format = 'kernel+initrd';
  const key = `artifact-parts 1 ${lockDigest(image.lock)} ${format} ${compressorOf(format)}`;
  const kept = await recallFiles(key, store);
  if (kept !== undefined) {
    return kept.map(({ role, parts }) => ({
      role,
      contentBytes: parts.reduce((sum, part) => sum + ('bytes' in part ? part.bytes.byteLength : part.sizeBytes), 0),
      bytes: partBytes(parts, reader),
    }));
  }
  const { tree, files } = await encodeImage(image, { format }, workshop);
  const contentBytes = contentBytesOf(tree);
  const inParts = files.map(({ role, bytes, parts = () => bytesIn(bytes()) }) => ({ role, parts }));
  return keepFiles(key, inParts, store).map(({ role, parts }) => ({
    role,
    contentBytes,
    bytes: partBytes(parts, reader),
  }));
}

async function* bytesIn(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Part> {
  for await (const bytes of chunks) yield { bytes };
}

function contentBytesOf({ entries }: Tree): number {
  return entries.reduce((sum, { content }) => sum + (content?.sizeBytes ?? 0), 0);
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
