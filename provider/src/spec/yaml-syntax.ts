import type { Document, ErrorCode } from 'yaml';
import type { Report } from './problem.js';

/** What to do about the mistakes that people make most; the library's own text serves for the others. */
const WORDS: Partial<Record<ErrorCode, string>> = {
  TAB_AS_INDENT: 'a tab cannot indent; use spaces',
  MULTIPLE_DOCS: 'a second document starts here; put each into a file of its own, and name both',
  BLOCK_AS_IMPLICIT_KEY: 'a value cannot hold ": " unless it is in quotes',
  RESOURCE_EXHAUSTION: 'lists or maps are nested too deeply here',
};

/** Reports what keeps a text from being YAML, once a line. Returns whether there was anything. */
export function reportSyntax(document: Document.Parsed | Document, text: string, report: Report): boolean {
  const { explicit, version } = document.directives?.yaml ?? {};
  const isOther = explicit === true && version !== '1.2';
  if (isOther) {
    const message = `the directive asks for YAML ${version}; wanted 1.2: remove the directive`;
    report({ code: 'syntax', path: [], message, span: { start: 0, end: 1 } });
  }
  let lineEnd = -1;
  for (const { code, message, pos } of document.errors) {
    const [start] = pos;
    // One mistake makes the parser stumble on what follows it in the line, too.
    if (start <= lineEnd) continue;
    const newline = text.indexOf('\n', start);
    lineEnd = newline < 0 ? text.length : newline;
    const words = WORDS[code] ?? wordsOf(message);
    report({
      code: code === 'RESOURCE_EXHAUSTION' ? 'limit' : 'syntax',
      path: [],
      message: `this is not YAML that can be read: ${words}`,
      span: { start: Math.min(start, text.length), end: start + 1 },
    });
    if (code === 'RESOURCE_EXHAUSTION') break;
  }
  return isOther || document.errors.length > 0;
}

function wordsOf(message: string): string {
  const closing = /^Flow .* end with a (.)$/.exec(message)?.[1];
  if (closing !== undefined) return `a "${closing}" is missing before this, or is not indented`;
  if (message.startsWith('Missing closing')) return 'a text is not closed with the quote that it starts with';
  if (/^All .* must start at the same column$/.test(message)) return 'this line is not indented like its neighbours';
  return message.charAt(0).toLowerCase() + message.slice(1);
}
