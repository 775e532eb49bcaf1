import { setTimeout as sleep } from 'node:timers/promises';

const PAUSES_MS = [3_000, 15_000];

/** Does what asks a registry for packages; where that fails, again, three times at most: it is not what is tested. */
export async function again<T>(work: () => Promise<T>): Promise<T> {
  for (const ms of PAUSES_MS) {
    try {
      return await work();
    } catch {
      await sleep(ms);
    }
  }
  return work();
}
