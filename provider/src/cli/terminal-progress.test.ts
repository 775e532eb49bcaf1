import { afterEach, describe, expect, test, vi } from 'vitest';
import { terminalProgress } from './terminal-progress.js';

afterEach(() => void vi.restoreAllMocks());

function written(isTTY: boolean, columns = 80): { stream: NodeJS.WriteStream; text: () => string } {
  let text = '';
  const write = (chunk: string) => {
    text += chunk;
    return true;
  };
  return { stream: { isTTY, columns, write } as unknown as NodeJS.WriteStream, text: () => text };
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

  test('draws its first line in a process that has only just begun, and the next one a tenth of a second later', () => {
    const clock = vi.spyOn(performance, 'now').mockReturnValue(1);
    const { stream, text } = written(true);
    const { progress } = terminalProgress(stream);
    progress({ step: 'one' });
    progress({ step: 'two' });
    clock.mockReturnValue(101);
    progress({ step: 'three' });
    expect(text()).toBe('\r\x1b[2Kone\r\x1b[2Kthree');
  });

  test('draws on a terminal that does not know its width', () => {
    const { stream, text } = written(true, 0);
    terminalProgress(stream).progress({ step: 'fetching' });
    expect(text()).toBe('\r\x1b[2Kfetching');
  });
});
