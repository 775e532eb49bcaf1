import { readdir, readFile, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Keys under which artifacts and their parts are kept, and what is known of them. */
const PART =
  /"key":"(?:artifact|artifact-parts|erofs-layout|erofs-plan|tree|initrd-segment|region-digests|root-file\/\d+) /;

/** Makes the cache forget all that it keeps of artifacts: only layers are left, and what is known of sources. */
export async function forgetParts(): Promise<void> {
  const cache = process.env.INGOT_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'ingot');
  const facts = join(cache, 'facts');
  for (const folder of await readdir(facts)) {
    for (const name of await readdir(join(facts, folder))) {
      const path = join(facts, folder, name);
      const text = await readFile(path, 'utf8').catch(() => '');
      if (PART.test(text.slice(0, 300))) await rm(path, { force: true });
    }
  }
}
