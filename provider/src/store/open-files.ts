import type { Digest } from '../model/digest.js';
import type { BlobFile } from './blob-file.js';

interface Slot {
  readonly file: Promise<BlobFile>;
  users: number;
  /** Out of the list: closed as soon as nobody uses it. */
  evicted: boolean;
}

/** The files read last, kept open: most reads go to few files, again and again. */
export class OpenFiles {
  /** In the order of last use, oldest first. */
  readonly #slots = new Map<Digest, Slot>();
  readonly #open: (blob: Digest) => Promise<BlobFile>;
  readonly #limit: number;

  /** @param limit how many files stay open while nobody uses them. */
  constructor(open: (blob: Digest) => Promise<BlobFile>, limit: number) {
    this.#open = open;
    this.#limit = limit;
  }

  /** Runs `use` with the file open; it stays open at least until `use` is done. */
  async use<T>(blob: Digest, use: (file: BlobFile) => Promise<T>): Promise<T> {
    const slot = this.#take(blob);
    try {
      return await use(await slot.file);
    } catch (error) {
      if (await slot.file.then(() => false).catch(() => true)) this.#drop(blob, slot);
      throw error;
    } finally {
      slot.users -= 1;
      if (slot.evicted && slot.users === 0) await closeQuietly(slot);
    }
  }

  /** To be called when another file takes the place of this one: who reads next, reads that. */
  async forget(blob: Digest): Promise<void> {
    const slot = this.#slots.get(blob);
    if (slot === undefined) return;
    this.#drop(blob, slot);
    if (slot.users === 0) await closeQuietly(slot);
  }

  /** Closes all that is not in use; what is in use is closed when its user is done. */
  async close(): Promise<void> {
    await Promise.all([...this.#slots.keys()].map((blob) => this.forget(blob)));
  }

  #take(blob: Digest): Slot {
    const slot = this.#slots.get(blob) ?? { file: this.#open(blob), users: 0, evicted: false };
    slot.users += 1;
    this.#slots.delete(blob);
    this.#slots.set(blob, slot);
    for (const [oldest, old] of this.#slots) {
      if (this.#slots.size <= this.#limit) break;
      this.#drop(oldest, old);
      if (old.users === 0) void closeQuietly(old);
    }
    return slot;
  }

  #drop(blob: Digest, slot: Slot): void {
    slot.evicted = true;
    if (this.#slots.get(blob) === slot) this.#slots.delete(blob);
  }
}

/** A file that could not be opened has nothing to close; whoever asked for it got the error. */
async function closeQuietly(slot: Slot): Promise<void> {
  await slot.file.then((file) => file.close()).catch(() => undefined);
}
