import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

/** The scripts have no types, since they run before anything is installed or compiled. */
const script = (name: string) => import(resolve(__dirname, '../scripts', name));

/** Above what any system counts to: the number of a process that has ended may be another's by now. */
const NOBODYS_PID = 2 ** 31 - 1;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ingot-setup-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('withLock()', () => {
  test('lets one in at a time', async () => {
    const { withLock } = await script('shell/lock.mjs');
    let inside = 0;
    let most = 0;
    const work = async () => {
      most = Math.max(most, ++inside);
      await sleep(50);
      inside--;
    };
    await Promise.all([1, 2, 3].map(() => withLock(join(folder, 'lock'), work)));
    expect(most).toBe(1);
    expect(await readdir(folder)).toEqual([]);
  });

  test('takes over from a process that is gone, and not from one that lives', async () => {
    const { withLock } = await script('shell/lock.mjs');
    const lock = join(folder, 'lock');
    await mkdir(lock);
    await writeFile(join(lock, 'owner.json'), JSON.stringify({ pid: NOBODYS_PID, host: hostname() }));
    expect(await withLock(lock, () => 'done')).toBe('done');

    await mkdir(lock);
    await writeFile(join(lock, 'owner.json'), JSON.stringify({ pid: process.pid, host: hostname() }));
    const waited: number[] = [];
    const done = withLock(lock, () => 'done', { onWait: (pid: number) => waited.push(pid) });
    await expect.poll(() => waited.length, { timeout: 120_000 }).toBeGreaterThan(0);
    // In one step, as this process sees it: half a lock has no owner to be told of.
    rmSync(lock, { recursive: true });
    expect(await done).toBe('done');
    expect(new Set(waited)).toEqual(new Set([process.pid]));
  });

  test('takes over where the number of the holder has become another process, which does not hold it', async () => {
    const { withLock } = await script('shell/lock.mjs');
    const lock = join(folder, 'lock');
    await mkdir(lock);
    await writeFile(join(lock, 'owner.json'), JSON.stringify({ pid: process.pid, host: hostname() }));
    const longAgo = new Date(Date.now() - 3_600_000);
    await utimes(lock, longAgo, longAgo);
    expect(await withLock(lock, () => 'done')).toBe('done');
  });

  test('is free again after work that failed', async () => {
    const { withLock } = await script('shell/lock.mjs');
    const failing = withLock(join(folder, 'lock'), () => Promise.reject(new Error('no')));
    await expect(failing).rejects.toThrow('no');
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('run()', () => {
  test('gives the exit code, the output and its lines', async () => {
    const { run } = await script('shell/run.mjs');
    const lines: string[] = [];
    const args = ['-c', 'echo one; echo two >&2; exit 3'];
    const { code, output } = await run('sh', args, { onLine: (line: string) => lines.push(line) });
    expect(code).toBe(3);
    expect(output).toMatch(/one\n/);
    expect(lines.sort()).toEqual(['one', 'two']);
  });

  test('ends a program that is silent for too long, and what it started', async () => {
    const { run } = await script('shell/run.mjs');
    const args = ['-c', 'sleep 1000 & echo $!; wait'];
    let said = false;
    const { code, output, ended } = await run('sh', args, {
      onLine: () => {
        said = true;
      },
      isIdle: (seconds: number) => said && seconds >= 1,
    });
    expect({ code, ended }).toEqual({ code: null, ended: 'idle' });
    expect(Number(output)).toBeGreaterThan(1);
    await expect.poll(() => isRunning(Number(output)), { timeout: 120_000 }).toBe(false);
  });

  test('says so where there is no such program', async () => {
    const { run } = await script('shell/run.mjs');
    expect(await run('no-such-program', [])).toMatchObject({ code: 127, output: expect.stringContaining('ENOENT') });
  });
});

describe('again()', () => {
  const trying = async (codes: readonly number[], options: object = {}) => {
    const { again } = await script('shell/again.mjs');
    const left = [...codes];
    const { code } = await again(async () => ({ code: left.shift() }), { firstPauseMs: 1, ...options });
    return { code, tries: codes.length - left.length };
  };

  test('tries what fails three times at most, and what works once', async () => {
    expect(await trying([0, 1])).toEqual({ code: 0, tries: 1 });
    expect(await trying([1, 0])).toEqual({ code: 0, tries: 2 });
    expect(await trying([1, 2, 3, 0])).toEqual({ code: 3, tries: 3 });
  });

  test('does not try what would be in vain', async () => {
    expect(await trying([1, 2, 0], { isFinal: ({ code }: { code: number }) => code === 2 })).toEqual({
      code: 2,
      tries: 2,
    });
  });
});

describe('installing packages', () => {
  /** What a made-up apt-get says, one text for each call, before it fails; the last call works. */
  async function installing(...failures: readonly string[]) {
    const { installOutcome } = await script('setup/apt.mjs');
    const log = join(folder, 'log');
    const program = (name: string, text: string) =>
      writeFile(join(folder, name), `#!/bin/sh\n${text}`, { mode: 0o755 });
    await Promise.all(failures.map((text, index) => writeFile(join(folder, `failure-${index}`), text)));
    const told = `n=$(wc -l < '${log}'); echo "$0 $*" | sed 's/^[^ ]*[/]//' >> '${log}'`;
    await writeFile(log, '');
    await program('apt-get', `${told}; cat '${folder}'/failure-$n 2>/dev/null && exit 100; exit 0\n`);
    await program('dpkg', `${told}\n`);
    const path = process.env.PATH;
    process.env.PATH = `${folder}:${path}`;
    try {
      const pauses = { lockPauseMs: 1, firstPauseMs: 1 };
      const { code } = await installOutcome(['one'], { report: () => undefined, ...pauses });
      const isOption = (word: string) => /^(-[qyo]|--(no|force)-.*|.*::.*)$/.test(word);
      const lines = (await readFile(log, 'utf8')).trim().split('\n');
      return {
        code,
        said: lines.map((line) =>
          line
            .split(' ')
            .filter((word) => !isOption(word))
            .join(' '),
        ),
      };
    } finally {
      process.env.PATH = path;
    }
  }

  test('brings the lists up to date where a package is not found', async () => {
    const said = ['apt-get install one', 'apt-get update', 'apt-get install one'];
    expect(await installing('E: Unable to locate package one')).toEqual({ code: 0, said });
  });

  test('waits for another program that has locked what it needs, as often as that takes', async () => {
    const locked = 'E: Could not get lock /var/lib/apt/lists/lock. It is held by process 7 (apt-get)';
    const failures = ['E: Unable to locate package one', ...Array<string>(7).fill(locked)];
    const updates = Array<string>(8).fill('apt-get update');
    const said = ['apt-get install one', ...updates, 'apt-get install one'];
    expect(await installing(...failures)).toEqual({ code: 0, said });
  });

  test('ends what an interrupted dpkg has begun', async () => {
    const interrupted = "E: dpkg was interrupted, you must manually run 'dpkg --configure -a' to correct the problem.";
    const said = ['apt-get install one', 'dpkg --configure -a', 'apt-get update', 'apt-get install one'];
    expect(await installing(interrupted)).toEqual({ code: 0, said });
  });

  test('says how the last of three tries ended', async () => {
    const failures = Array<string>(20).fill('E: no such thing');
    const { code, said } = await installing(...failures);
    expect(code).toBe(100);
    expect(said.filter((line) => line === 'apt-get install one')).toHaveLength(4);
  });
});

describe('leftOutOf()', () => {
  test('names optional packages for this system that are not there', async () => {
    const { leftOutOf } = await script('setup/dependencies.mjs');
    const entry = { optional: true, os: ['linux'], cpu: ['x64'] };
    const wanted = {
      '': {},
      'node_modules/needed': { version: '1' },
      'node_modules/there': entry,
      'node_modules/missing': entry,
      'node_modules/other-system': { ...entry, os: ['darwin'] },
      'node_modules/other-processor': { ...entry, cpu: ['arm64'] },
      'node_modules/other-library': { ...entry, libc: ['none'] },
      'node_modules/for-any': { optional: true },
    };
    const system = { platform: 'linux', arch: 'x64' };
    expect(leftOutOf(wanted, { 'node_modules/there': entry }, system)).toEqual(['node_modules/missing']);
  });
});

describe('childEnvironment()', () => {
  test('puts the programs of the project first, and leaves out what npm run says of itself', async () => {
    const { childEnvironment } = await script('shell/environment.mjs');
    const before = { ...process.env };
    try {
      Object.assign(process.env, { PATH: '/a:/b', npm_lifecycle_event: 'start', npm_config_cafile: '/c' });
      const environment = childEnvironment({ first: ['/b'] });
      expect(environment.PATH.split(':').slice(1)).toEqual(['/b', '/a']);
      expect(environment.PATH).toMatch(/^[^:]+\/node_modules\/\.bin:/);
      expect(environment).toMatchObject({ npm_config_cafile: '/c' });
      expect(environment).not.toHaveProperty('npm_lifecycle_event');
    } finally {
      process.env = before;
    }
  });
});

/** A zombie, which waits only for its parent to look, does not run. */
async function isRunning(pid: number): Promise<boolean> {
  const { run } = await script('shell/run.mjs');
  const { output } = await run('ps', ['-o', 'stat=', '-p', String(pid)]);
  return output.trim() !== '' && !output.startsWith('Z');
}
