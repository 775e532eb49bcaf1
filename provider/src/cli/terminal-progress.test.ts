import { describe, expect, test } from 'vitest';
import { terminalProgress } from './terminal-progress.js';

function written(isTTY: boolean): { stream: NodeJS.WriteStream; text: () => string } {
  let text = '';
  const write = (chunk: string) => {
    text += chunk;
    return true;
  };
  return { stream: { isTTY, columns: 80, write } as unknown as NodeJS.WriteStream, text: () => text };
}

describe('terminalProgress()', () => {
  test('shows each warning once, also where there is no terminal', () => {
    const { stream, text } = written(false);
    const { progress, done } = terminalProgress(stream);
    for (let time = 0; time < 3; time++) progress({ step: 'opening', warning: 'beware' });
    done();
    expect(text()).toBe('warning: beware\n');
  });

  test('removes the line that it draws, for a warning and at the end', () => {
    const { stream, text } = written(true);
    const { progress, done } = terminalProgress(stream);
    progress({ step: 'fetching' });
    progress({ step: 'fetching', warning: 'beware' });
    done();
    expect(text().startsWith('\r\x1b[2Kfetching\r\x1b[2Kwarning: beware\n')).toBe(true);
  });
});
