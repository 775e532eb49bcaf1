import { randomUUID } from 'node:crypto';
import { mkdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { USE_GRAIN_MS } from './mark.js';

const BEAT_MS = 60 * 1000;
/** A process that computes or waits does not get to beat in time; one that is stopped for so long must start again. */
const ALIVE_FOR_MS = 10 * 60 * 1000;
const FORGOTTEN_AFTER_MS = 24 * 60 * 60 * 1000;

/**
 * Says that a build is running: what it has used stays. A file named after the time when it began, touched every
 * minute; no process number is looked at, since those mean nothing in another container or on another host.
 */
export class Lease {
  readonly #folder: string;
  #path: string | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** To be called before the store is asked for anything. Costs nothing when it is held already. */
  hold(): void {
    if (this.#path !== undefined) return;
    this.#path = join(this.#folder, `${Date.now()}-${randomUUID()}`);
    this.#beat(this.#path);
    this.#timer = setInterval(() => this.#path && this.#beat(this.#path), BEAT_MS);
    this.#timer.unref();
  }

  release(): void {
    clearInterval(this.#timer);
    if (this.#path !== undefined) rmSync(this.#path, { force: true });
    this.#path = undefined;
  }

  /** Fails softly: on a full disk what is there can still be read. */
  #beat(path: string): void {
    try {
      if (statSync(path, { throwIfNoEntry: false }) === undefined) {
        mkdirSync(this.#folder, { recursive: true });
        writeFileSync(path, '');
      } else utimesSync(path, new Date(), new Date());
    } catch {}
  }
}

/** What was used at or after this time may be in use by a running build; undefined when none is running. */
export async function inUseSinceMs(folder: string, nowMs: number): Promise<number | undefined> {
  let since: number | undefined;
  for (const name of await readdir(folder).catch(() => [])) {
    const path = join(folder, name);
    const beganMs = Number(/^(\d+)-/.exec(name)?.[1]);
    const status = await stat(path).catch(() => undefined);
    if (status === undefined || Number.isNaN(beganMs)) continue;
    const silentMs = nowMs - status.mtimeMs;
    if (silentMs > FORGOTTEN_AFTER_MS) await rm(path, { force: true }).catch(() => undefined);
    // The use of a blob is not written down where another one was, up to this long before.
    if (silentMs <= ALIVE_FOR_MS) since = Math.min(since ?? Number.POSITIVE_INFINITY, beganMs - USE_GRAIN_MS);
  }
  return since;
}
