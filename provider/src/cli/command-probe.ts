import type { Probe } from '../model/probe.js';
import { UsageError } from './usage-error.js';

/**
 * `nginx -t`; `web: nginx -t` in the container of a service; `nginx -t => successful` wants the text in what it prints.
 * Words end at spaces, unless they stand in quotes, single or double ones; nothing else is taken for anything.
 * @throws {UsageError} `bad-probe` for a quote without an end, or no word at all.
 */
export function commandProbe(text: string): Probe {
  const [, service, words = '', output] = /^(?:([\w][\w.-]*):\s+)?(.*?)(?:\s+=>\s+(.+))?$/s.exec(text) ?? [];
  const run = wordsOf(words);
  if (run === undefined || run[0] === undefined || run[0] === '') {
    const what = run === undefined ? 'a quote in it has no end' : 'it names no program';
    throw new UsageError(
      'bad-probe',
      `Cannot run "${text}" in the machine: ${what}; write it as in --command 'web: nginx -t'`,
    );
  }
  return {
    command: {
      run,
      ...(service === undefined ? {} : { in: service }),
      ...(output === undefined ? {} : { output }),
    },
  };
}

/** Undefined where a quote has no end. */
function wordsOf(text: string): string[] | undefined {
  const words: string[] = [];
  let rest = text.trimStart();
  while (rest !== '') {
    const [whole = ''] = /^(?:[^\s'"]|'[^']*'|"[^"]*")*/.exec(rest) ?? [];
    if (whole === '' || /^['"]/.test(rest.slice(whole.length))) return undefined;
    words.push(whole.replace(/'([^']*)'|"([^"]*)"/g, (_, single?: string, double?: string) => single ?? double ?? ''));
    rest = rest.slice(whole.length).trimStart();
  }
  return words;
}
