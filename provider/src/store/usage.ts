import { storeError } from './error.js';
import { type BlobKind, kindsOfBlobs } from './kinds.js';
import { survey } from './survey.js';

export interface Usage {
  readonly kind: BlobKind | 'facts' | 'temporary';
  readonly files: number;
  readonly sizeBytes: number;
}

const KINDS: readonly Usage['kind'][] = ['layers', 'inputs', 'artifacts', 'parts', 'other', 'facts', 'temporary'];

/**
 * What takes how much room in the folder of a store, by kind, all kinds in a fixed order.
 * @throws {StoreError} where the folder cannot be read.
 */
export async function usageOf(directory: string, signal?: AbortSignal): Promise<Usage[]> {
  try {
    const found = await survey(directory, signal);
    const kinds = await kindsOfBlobs(found, signal);
    const { facts, temporary } = found;
    return KINDS.map((kind) => {
      const items =
        kind === 'facts'
          ? facts
          : kind === 'temporary'
            ? temporary
            : found.blobs.filter(({ digest }) => (kinds.get(digest) ?? 'other') === kind);
      return { kind, files: items.length, sizeBytes: items.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) };
    });
  } catch (error) {
    throw storeError(error, { what: 'look into the store in', path: directory });
  }
}
