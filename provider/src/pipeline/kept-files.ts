import type { EncodedFile, Part } from '../encode/context.js';
import type { Json } from '../model/digest.js';
import type { BlobRange } from '../model/layer.js';
import type { Store } from '../store/store.js';

/** A file of an artifact, as the places of its parts in the store. */
export interface KeptFile {
  readonly role: string;
  readonly parts: readonly Part[];
}

/** What is larger has a blob of its own. */
const INLINE_BYTES = 4096;

type Kept = { readonly role: string; readonly parts: readonly (BlobRange | { readonly base64: string })[] };

/** The files that were kept under a key, unless one of their parts has gone. */
export async function recallFiles(key: string, store: Store): Promise<readonly KeptFile[] | undefined> {
  const kept = (await store.recall(key)) as unknown as readonly Kept[] | undefined;
  if (kept === undefined) return undefined;
  const blobs = new Set(kept.flatMap(({ parts }) => parts.flatMap((part) => ('blob' in part ? [part.blob] : []))));
  for (const blob of blobs) if (!(await store.has(blob))) return undefined;
  return kept.map(({ role, parts }) => ({
    role,
    parts: parts.map((part) => ('base64' in part ? { bytes: Buffer.from(part.base64, 'base64') } : part)),
  }));
}

/** The parts of files, kept under a key when all of them have been taken. */
export function keepFiles(
  key: string,
  files: readonly Required<Pick<EncodedFile, 'role' | 'parts'>>[],
  store: Store,
): { readonly role: string; readonly parts: AsyncIterable<Part> }[] {
  const kept = new Map<string, Kept>();
  const keeping = async function* ({ role, parts }: (typeof files)[number]): AsyncGenerator<Part> {
    const own: Kept['parts'][number][] = [];
    for await (const part of parts()) {
      own.push(await keptPart(part, store));
      yield part;
    }
    kept.set(role, { role, parts: own });
    if (kept.size === files.length) {
      await store.remember(key, files.map((file) => kept.get(file.role)) as unknown as Json);
    }
  };
  return files.map((file) => ({ role: file.role, parts: keeping(file) }));
}

async function keptPart(part: Part, store: Store): Promise<Kept['parts'][number]> {
  if (!('bytes' in part)) return { blob: part.blob, offset: part.offset, sizeBytes: part.sizeBytes };
  const { bytes } = part;
  if (bytes.byteLength <= INLINE_BYTES) return { base64: Buffer.from(bytes).toString('base64') };
  const { digest, sizeBytes } = await store.put(bytes);
  return { blob: digest, offset: 0, sizeBytes };
}
