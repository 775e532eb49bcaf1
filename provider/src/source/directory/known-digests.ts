import { hash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { type Digest, hexOf } from '../../model/digest.js';
import type { Store } from '../../store/store.js';

/** What a file has to be like before: its path, and what of its status changes with its content. */
export type FileState = Pick<BigIntStats, 'size' | 'mtimeNs' | 'ctimeNs' | 'ino'>;

/** Half of a digest over a file's state, which nobody makes two of, and the digest of its content. */
const KEY_BYTES = 16;
const RECORD_BYTES = KEY_BYTES + 32;
/**
 * The clock of a file system has ticks (of 4 ms, on old ones of 2 s): what is written in the tick in which it was looked
 * at may change once more, and look the same.
 */
const YOUNG_NS = 2_000_000_000n;

/**
 * The digests of a folder's files as they were found last, kept in the store: a file whose path, size, times and inode
 * are as they were has the content that it had. In memory, 48 bytes for each.
 */
export class KnownDigests {
  readonly #store: Store;
  readonly #fact: string;
  readonly #youngFromNs: bigint;
  readonly #records: Buffer;
  readonly #found: Buffer[] = [];
  #news = 0;

  private constructor(store: Store, fact: string, { nowMs, records }: { nowMs: number; records: Buffer }) {
    this.#store = store;
    this.#fact = fact;
    this.#youngFromNs = BigInt(Math.floor(nowMs)) * 1_000_000n - YOUNG_NS;
    this.#records = records;
  }

  /** @param options.root The folder's real path. @param options.nowMs When looking at it begins. */
  static async open(store: Store, { root, nowMs }: { root: Buffer; nowMs: number }): Promise<KnownDigests> {
    const fact = `digests of files 1 ${root.toString('latin1')}`;
    return new KnownDigests(store, fact, { nowMs, records: await kept(store, fact) });
  }

  /** Whether any file's digest was known. */
  get hasKnown(): boolean {
    return this.#found.length > this.#news;
  }

  /** The digest of a file's content, or what to call with it once it is known. */
  find(path: Uint8Array, state: FileState): Digest | ((digest: Digest) => void) {
    const isYoung = state.mtimeNs >= this.#youngFromNs || state.ctimeNs >= this.#youngFromNs;
    if (isYoung) return () => {};
    const key = keyOf(path, state);
    const at = this.#search(key);
    if (at !== undefined) {
      const record = this.#records.subarray(at, at + RECORD_BYTES);
      this.#found.push(record);
      return `sha256:${record.toString('hex', KEY_BYTES)}`;
    }
    return (digest) => {
      this.#news += 1;
      this.#found.push(Buffer.concat([key, Buffer.from(hexOf(digest), 'hex')]));
    };
  }

  /** Keeps what was found, in place of what was known. */
  async save(): Promise<void> {
    const count = this.#records.length / RECORD_BYTES;
    // What is gone is forgotten when it is much: to write a list for each file that goes would cost more than it takes.
    if (this.#news === 0 && this.#found.length * 2 >= count) return;
    const { digest, sizeBytes } = await this.#store.put(Buffer.concat(this.#found.sort(Buffer.compare)));
    await this.#store.remember(this.#fact, { digest, sizeBytes });
  }

  /** Forgets all of it. */
  async forget(): Promise<void> {
    await this.#store.remember(this.#fact, null);
  }

  #search(key: Buffer): number | undefined {
    let low = 0;
    let high = this.#records.length / RECORD_BYTES;
    while (low < high) {
      const middle = (low + high) >> 1;
      const at = middle * RECORD_BYTES;
      const order = this.#records.compare(key, 0, KEY_BYTES, at, at + KEY_BYTES);
      if (order === 0) return at;
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    return undefined;
  }
}

/** Sorted records; none where they got lost. */
async function kept(store: Store, fact: string): Promise<Buffer> {
  const known = (await store.recall(fact)) as { digest: Digest; sizeBytes: number } | null | undefined;
  if (!known || known.sizeBytes % RECORD_BYTES !== 0) return Buffer.alloc(0);
  if ((await store.sizeOf(known.digest)) !== known.sizeBytes) return Buffer.alloc(0);
  return store.read({ blob: known.digest, offset: 0, sizeBytes: known.sizeBytes });
}

function keyOf(path: Uint8Array, { size, mtimeNs, ctimeNs, ino }: FileState): Buffer {
  const text = Buffer.from(`${size} ${mtimeNs} ${ctimeNs} ${ino} `);
  return hash('sha256', Buffer.concat([text, path]), 'buffer').subarray(0, KEY_BYTES);
}
