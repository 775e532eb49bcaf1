import { readFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import type { Digest } from '../model/digest.js';
import { decodeFact } from './fact.js';
import type { Survey } from './survey.js';

/** What a blob is kept for. */
export type BlobKind =
  /** Archives that images are made of, uncompressed, and lists of what is in them. */
  | 'layers'
  /** What layers were made from, such as packages: not needed while the layers are there. */
  | 'inputs'
  /** What was built. */
  | 'artifacts'
  /** Parts of what was built, for the next build. */
  | 'parts'
  /** All else: the user's files, lists of packages, manifests of images. */
  | 'other';

/** By the first word of the key under which a fact that names the blob was remembered. */
const KIND_OF_FACT: Readonly<Record<string, BlobKind>> = {
  layer: 'layers',
  artifact: 'artifacts',
  'initrd-segment': 'parts',
  'region-digests': 'parts',
  tree: 'parts',
  'erofs-layout': 'parts',
};
/** Where a blob is named by several. */
const ORDER: readonly BlobKind[] = ['layers', 'artifacts', 'parts', 'inputs', 'other'];

/**
 * What the blobs of a store are kept for, as its facts have it; those that no fact names are left out. The key of a
 * layer names all that it was made from, so a blob named there, whose layer is complete, is an input.
 */
export async function kindsOfBlobs({ blobs, facts }: Survey, signal?: AbortSignal): Promise<Map<Digest, BlobKind>> {
  const there = new Set(blobs.map(({ digest }) => digest));
  const kinds = new Map<Digest, BlobKind>();
  const add = (digest: Digest, kind: BlobKind): void => {
    const known = kinds.get(digest);
    if (known === undefined || ORDER.indexOf(kind) < ORDER.indexOf(known)) kinds.set(digest, kind);
  };
  for (const [index, { path }] of facts.entries()) {
    signal?.throwIfAborted();
    if (index % 100 === 99) await setImmediate();
    const fact = decodeFact(readQuietly(path));
    const kind = fact && KIND_OF_FACT[fact.key.slice(0, fact.key.indexOf(' '))];
    if (fact === undefined || kind === undefined) continue;
    const made = digestsIn(JSON.stringify(fact.value));
    for (const digest of made) add(digest, kind);
    if (kind !== 'layers' || !made.every((digest) => there.has(digest))) continue;
    for (const digest of digestsIn(fact.key)) add(digest, 'inputs');
  }
  return kinds;
}

function digestsIn(text: string): Digest[] {
  return (text.match(/\bsha256:[0-9a-f]{64}\b/g) ?? []) as Digest[];
}

function readQuietly(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
