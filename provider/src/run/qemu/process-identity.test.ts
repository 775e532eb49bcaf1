import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { compileForwarder } from './forwarder-program.fixture.js';
import { identityOf, isAlive, signalProcess } from './process-identity.js';

const cleanUps: (() => unknown)[] = [];
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp();
});

function sleeper(): { pid: number; ended: Promise<unknown> } {
  const child = spawn('sleep', ['3600']);
  cleanUps.push(() => child.kill('SIGKILL'));
  return { pid: child.pid ?? 0, ended: new Promise((resolve) => child.once('exit', resolve)) };
}

describe('identityOf()', () => {
  test('is the same each time for one process, and another for another', async () => {
    const [one, two] = [sleeper(), sleeper()];
    expect(await identityOf(one.pid)).toEqual(await identityOf(one.pid));
    expect(await identityOf(one.pid)).not.toEqual(await identityOf(two.pid));
  });

  test.each([0, -1, 1.5, Number.NaN, 2 ** 40])('is undefined for %s, which is no process', async (pid) => {
    expect(await identityOf(pid)).toBeUndefined();
  });

  test('is undefined for a zombie', async () => {
    // The shell's child ends at once, and the program that takes the shell's place never asks for it.
    const parent = spawn('sh', ['-c', 'sleep 0 & echo $!; exec sleep 3600']);
    cleanUps.push(() => parent.kill('SIGKILL'));
    const pid = Number(await new Promise<Buffer>((resolve) => parent.stdout.once('data', resolve)));
    for (let i = 0; i < 10_000 && (await identityOf(pid)) !== undefined; i++)
      await new Promise((r) => setTimeout(r, 20));
    expect(await identityOf(pid)).toBeUndefined();
    expect(() => process.kill(pid, 0)).not.toThrow();
  });
});

describe('isAlive()', () => {
  test('takes no process for gone where that cannot be found out', async (context) => {
    if (process.platform !== 'linux') context.skip('there is no /proc here');
    const folder = mkdtempSync(join(tmpdir(), 'ingot-identity-'));
    cleanUps.push(() => rmSync(folder, { recursive: true, force: true }));
    compileForwarder(folder);
    const script = `
      const { identityOf, isAlive } = require('./process-identity.js');
      const { openSync } = require('node:fs');
      identityOf(process.ppid).then(async (parent) => {
        const before = await isAlive(parent);
        try { for (;;) openSync('/dev/null'); } catch {}
        const after = await isAlive(parent).catch(({ code }) => code);
        process.stdout.write(JSON.stringify([before, after]));
      });`;
    const limited = ['-c', 'ulimit -n 200; exec "$0" -e "$1"', process.execPath, script];
    expect(execFileSync('sh', limited, { cwd: folder, encoding: 'utf8' })).toBe('[true,"EMFILE"]');
  });
});

describe('signalProcess()', () => {
  test('ends that process, and says so when it is gone', async () => {
    const { pid, ended } = sleeper();
    const identity = await identityOf(pid);
    if (identity === undefined) throw new Error('no identity');
    expect(await isAlive(identity)).toBe(true);
    expect(await signalProcess(identity, 'SIGKILL')).toBe(true);
    await ended;
    expect(await isAlive(identity)).toBe(false);
    expect(await signalProcess(identity, 'SIGKILL')).toBe(false);
  });

  test('does nothing to another process with the same number', async () => {
    const { pid } = sleeper();
    expect(await signalProcess({ pid, start: 'another boot 1' }, 'SIGKILL')).toBe(false);
    expect(await identityOf(pid)).toBeDefined();
  });
});
