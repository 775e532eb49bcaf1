import { type Digest, sha256 } from '../../model/digest.js';
import { StoreError } from '../../store/error.js';
import type { Store } from '../../store/store.js';
import { SourceError } from '../error.js';
import type { BlobSource } from './blob-source.js';
import { MAX_DOCUMENT_BYTES } from './document.js';

/** What is fetched, for messages: `the configuration of alpine:3`. */
export interface Subject {
  readonly about: string;
  readonly signal: AbortSignal;
  /** What is taken into memory. Default: 4 MiB, which no manifest or configuration has. */
  readonly maxBytes?: number;
}

/**
 * A manifest or index: with a digest for a reference, the bytes are those.
 * @throws {SourceError} `digest-mismatch`, `too-large`, and what the source throws.
 */
export async function fetchManifest(
  source: BlobSource,
  reference: string,
  { about, signal }: Subject,
): Promise<{ bytes: Uint8Array; mediaType: string; digest: Digest }> {
  signal.throwIfAborted();
  const { bytes, mediaType } = await source.manifest(reference);
  if (bytes.byteLength > MAX_DOCUMENT_BYTES) throw tooLarge(about);
  const digest = sha256(bytes);
  if (reference.startsWith('sha256:') && digest !== reference) throw mismatch(about, digest, reference);
  return { bytes, mediaType, digest };
}

/**
 * A blob that is small enough to be held in memory.
 * @throws {SourceError} `digest-mismatch`, `size-mismatch`, `too-large`, and what the source throws.
 */
export async function fetchSmallBlob(
  source: BlobSource,
  { digest, sizeBytes }: { readonly digest: Digest; readonly sizeBytes: number },
  { about, signal, maxBytes = MAX_DOCUMENT_BYTES }: Subject,
): Promise<Uint8Array> {
  if (sizeBytes > maxBytes) throw tooLarge(about);
  const chunks: Uint8Array[] = [];
  let done = 0;
  for await (const chunk of source.blob(digest, { sizeBytes, signal })) {
    signal.throwIfAborted();
    done += chunk.byteLength;
    if (done > sizeBytes) break;
    chunks.push(chunk);
  }
  if (done !== sizeBytes) throw wrongSize(about, done, sizeBytes);
  const bytes = Buffer.concat(chunks);
  const got = sha256(bytes);
  if (got !== digest) throw mismatch(about, got, digest);
  return bytes;
}

/** The same from the store; undefined where that does not have it as it should be. */
export async function storedSmallBlob(
  store: Store,
  { digest, sizeBytes }: { readonly digest: Digest; readonly sizeBytes: number },
  maxBytes: number = MAX_DOCUMENT_BYTES,
): Promise<Uint8Array | undefined> {
  if (sizeBytes > maxBytes || !(await store.has(digest))) return undefined;
  try {
    const bytes = await store.read({ blob: digest, offset: 0, sizeBytes });
    return sha256(bytes) === digest ? bytes : undefined;
  } catch (error) {
    // The size that a document gives may be wrong; whoever fetches it again says so.
    if (error instanceof StoreError && error.code === 'corrupt') return undefined;
    throw error;
  }
}

export function mismatch(about: string, got: string, want: string): SourceError {
  return new SourceError('digest-mismatch', `Cannot use ${about}: its digest is ${got}; ${want} is wanted`, {
    context: { path: about, got, want },
  });
}

export function wrongSize(about: string, gotBytes: number, wantBytes: number): SourceError {
  const got = gotBytes > wantBytes ? `more than ${wantBytes}` : `${gotBytes}`;
  return new SourceError('size-mismatch', `Cannot use ${about}: it has ${got} bytes; ${wantBytes} are wanted`, {
    context: { path: about, got, want: `${wantBytes}` },
  });
}

function tooLarge(about: string): SourceError {
  return new SourceError('too-large', `Cannot read ${about}: it has more than 4 MiB; none that is right has`, {
    context: { path: about },
  });
}
