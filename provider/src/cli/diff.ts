import type { Contents } from '../model/contents.js';
import { compare, describe } from '../pipeline.js';
import { withLock } from './locked.js';
import { withWorkshop } from './workshop.js';

/** `ingot diff BEFORE AFTER`: packages, files, services … that change. Exit code 0 also where something does. */
export async function diff(before: string, after: string, options: { json?: true }): Promise<void> {
  await withWorkshop(async (workshop) => {
    const contentsOf = (spec: string): Promise<Contents> =>
      withLock([spec], workshop, (locked) => describe(locked, workshop));
    const { changes, text } = await compare(await contentsOf(before), await contentsOf(after));
    process.stdout.write(options.json ? `${JSON.stringify(changes, null, 2)}\n` : text);
  });
}
