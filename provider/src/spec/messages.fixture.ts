import { SpecError } from './error.js';
import { parseSpec } from './parse.js';

/** What is wrong with a spec of these sources, without the places; nothing where all is well. */
export function messagesOf(...texts: string[]): readonly string[] {
  try {
    parseSpec(texts.map((text, index) => ({ name: `${index}.yml`, text })));
  } catch (error) {
    if (error instanceof SpecError) return error.problems.map(({ message }) => message);
    throw error;
  }
  return [];
}

/** A service with one more line. */
export const service = (line: string) => `services:\n  - name: web\n    image: deb:lighttpd\n    ${line}\n`;
