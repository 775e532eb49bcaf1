import { Lexer } from 'yaml';
import { MAX_DEPTH } from './located.js';
import type { Report } from './problem.js';

/** The most characters of a text: the same as what is read of a file. */
export const MAX_LENGTH = 4 * 1024 * 1024;

/**
 * The most words and marks of a text, spaces and line ends included: about 15,000 files of three lines. Measured on two
 * busy cores, reading costs 8 microseconds for each, and three times that in the worst of texts.
 */
export const MAX_TOKENS = 400_000;

/** What the lexer puts before a scalar, and its other marks that stand for nothing in the text. */
const SCALAR = '\u001f';
const MARKS = new Set(['\u0002', '\u0018', SCALAR]);

/** Reports a text that would cost too much to read, by a look at its tokens alone. Returns whether it can be read. */
export function isWithinLimits(text: string, report: Report): boolean {
  if (text.length > MAX_LENGTH) {
    const advice = 'put long contents into files, and name them with "source"';
    const message = `the text is ${text.length} characters long; wanted ${MAX_LENGTH} at the most: ${advice}`;
    report({ code: 'limit', path: [], message });
    return false;
  }
  let tokens = 0;
  let depth = 0;
  let start = 0;
  let previous = '';
  for (const token of new Lexer().lex(text)) {
    if (!MARKS.has(token)) {
      tokens += 1;
      if (previous !== SCALAR && (token === '[' || token === '{')) depth += 1;
      if (previous !== SCALAR && (token === ']' || token === '}')) depth = Math.max(0, depth - 1);
      const span = { start, end: start + 1 };
      if (tokens > MAX_TOKENS) {
        const message = `the text goes on after ${MAX_TOKENS} words and marks; put long contents into files`;
        report({ code: 'limit', path: [], message, span });
        return false;
      }
      if (depth > MAX_DEPTH) {
        const message = `lists and maps are nested more than ${MAX_DEPTH} levels deep here`;
        report({ code: 'limit', path: [], message, span });
        return false;
      }
      start += token.length;
    }
    previous = token;
  }
  return true;
}
