import type { Digest } from '../model/digest.js';
import type { BlobRange } from '../model/layer.js';
import type { Workshop } from './workshop.js';

/** Where something lies in the store. */
export interface StoredFile {
  readonly digest: Digest;
  readonly sizeBytes: number;
}

/** A part of an encoding, by a name that says all that decides its bytes. */
export async function memo(
  name: string,
  make: () => AsyncIterable<Uint8Array>,
  { store, signal }: Pick<Workshop, 'store' | 'signal'>,
): Promise<BlobRange> {
  const known = (await store.recall(name)) as unknown as StoredFile | undefined;
  const { digest, sizeBytes } = known && (await store.has(known.digest)) ? known : await store.put(make(), { signal });
  if (known === undefined) await store.remember(name, { digest, sizeBytes });
  return { blob: digest, offset: 0, sizeBytes };
}
