import { importInputs, lockDigest } from '../pipeline.js';
import { withWorkshop } from './workshop.js';

/** `ingot cache import DIR|FILE`: into the cache, everything compared with its digest. */
export async function cacheImport(path: string, options: { readonly json?: true }): Promise<void> {
  await withWorkshop(async (workshop) => {
    const lock = await importInputs(path, workshop);
    const image = lockDigest(lock);
    if (options.json) process.stdout.write(`${JSON.stringify({ image, lock }, null, 2)}\n`);
    else process.stdout.write(`${image}: its inputs are in the cache\n`);
  });
}
