import { type Digest, isDigest } from '../../model/digest.js';
import type { Store } from '../../store/store.js';
import { storedSmallBlob } from './verified.js';

/** A manifest or index, as it was fetched. */
export interface Document {
  readonly bytes: Uint8Array;
  readonly mediaType: string;
  readonly digest: Digest;
}

/** A document that was asked for by its digest before, which needs no network then. */
export async function recalled(store: Store, reference: string): Promise<Document | undefined> {
  if (!isDigest(reference)) return undefined;
  const known = (await store.recall(keyOf(reference))) as { sizeBytes: number; mediaType: string } | undefined;
  const bytes = known && (await storedSmallBlob(store, { digest: reference, sizeBytes: known.sizeBytes }));
  return bytes && { bytes, mediaType: known.mediaType, digest: reference };
}

export async function keep(store: Store, { bytes, mediaType, digest }: Document): Promise<void> {
  const { sizeBytes } = await store.put(bytes, { expect: { digest } });
  await store.remember(keyOf(digest), { sizeBytes, mediaType });
}

function keyOf(digest: Digest): string {
  return `image document ${digest}`;
}
