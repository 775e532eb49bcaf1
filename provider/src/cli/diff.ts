import { compare, describe } from '../pipeline.js';
import { lockOf } from './locked.js';
import { withWorkshop } from './workshop.js';

/** `ingot diff BEFORE AFTER`: packages, files, services … that change. Exit code 0 also where something does. */
export async function diff(before: string, after: string, options: { json?: true }): Promise<void> {
  await withWorkshop(async (workshop) => {
    const [old, young] = [await lockOf([before], workshop), await lockOf([after], workshop)];
    const { changes, text } = await compare(await describe(old, workshop), await describe(young, workshop));
    process.stdout.write(options.json ? `${JSON.stringify(changes, null, 2)}\n` : text);
  });
}
