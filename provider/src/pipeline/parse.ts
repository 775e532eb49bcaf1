import type { ParsedSpec } from '../spec/parse.js';
import type { Workshop } from './workshop.js';

/**
 * A path, a list of paths, YAML text or an object → Spec, which knows where its parts were written.
 * @throws {SpecError} with every problem of every file, {SourceError} where a file cannot be read.
 */
export async function parse(spec: unknown, { directory }: Workshop): Promise<ParsedSpec> {
  const { readSpec } = await import('../source/file/read-spec.js');
  const { parseSources } = await import('../spec/parse.js');
  return parseSources(await readSpec(spec, directory));
}

/** Does what follows parsing; an error that concerns a part of the spec is told at its place, as parsing's own are. */
export async function at<T>(parsed: ParsedSpec, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { locate } = await import('../spec/locate.js');
    throw locate(error, parsed);
  }
}
