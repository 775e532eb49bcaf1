import { spawn } from 'node:child_process';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isOnTerminal } from './terminal.js';

test('isOnTerminal() finds out where the command writes to', async (context) => {
  if (process.platform !== 'linux') context.skip('there is no /proc here');
  const folder = await mkdtemp(join(tmpdir(), 'ingot-terminal-'));
  try {
    const command = join(folder, 'pulumi');
    await copyFile('/bin/sleep', command);
    const child = spawn(command, ['3600'], { stdio: ['ignore', 'pipe', 'ignore'] });
    try {
      await new Promise((done) => child.on('spawn', done));
      expect(isOnTerminal(child.pid)).toBe(false);
    } finally {
      child.kill('SIGKILL');
    }
    // Neither this process nor what started it is an engine, and one that is gone says nothing.
    expect(isOnTerminal(2 ** 30)).toBe(true);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
