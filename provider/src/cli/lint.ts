import { lint as lintSpecs } from '../pipeline.js';
import { withWorkshop } from './workshop.js';

/** `ingot lint SPEC…`: silent where all is well, as linters are, but for one line. */
export async function lint(specs: string[]): Promise<void> {
  await withWorkshop((workshop) => lintSpecs(specs, workshop));
  process.stdout.write(`${specs.join(', ')}: no problem found\n`);
}
