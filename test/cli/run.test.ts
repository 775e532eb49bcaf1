import { execFileSync, spawn } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../engine/processes.js';
import { freePort } from '../free-port.js';
import { type Ended, ingot, PROGRAM } from './ingot.js';

const FORMATS = ['kernel+initrd', 'kernel+erofs', 'raw-efi', 'qcow2-efi', 'iso-efi', 'gcp'];

let folder: string;
let environment: Record<string, string>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ingot-cli-run-'));
  await cp(join(__dirname, '../../examples/quickstart/web.yml'), join(folder, 'web.yml'));
  await cp(join(__dirname, '../../examples/quickstart/page'), join(folder, 'page'), { recursive: true });
  environment = {
    INGOT_STATE: join(folder, '.state'),
    ...(process.env.INGOT_CACHE ? { INGOT_CACHE: process.env.INGOT_CACHE } : {}),
  };
  const built = await run('build', '-f', FORMATS.join(','), 'web.yml');
  expect(built.code, built.stderr).toBe(0);
});
afterEach(async () => {
  for (const id of await running()) await run('stop', id);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function run(...words: string[]): Promise<Ended> {
  return ingot(words, { folder, environment });
}

async function running(): Promise<string[]> {
  const { stdout } = await run('ps', '--json');
  return (JSON.parse(stdout) as { id: string }[]).map(({ id }) => id);
}

/** Boots something, asks its page, and ends it. */
async function boots(...words: string[]): Promise<void> {
  const port = await freePort();
  const started = await run('run', '--detach', '--timeline', '--memory', '768', '--publish', `${port}:80`, ...words);
  expect(started.code, started.stderr).toBe(0);
  expect(await page(port)).toContain('Hello from an immutable machine');
  const [id] = await running();
  expect(started.stderr).toContain(`${id} is up`);
  const stopped = await run('stop', id ?? '');
  expect(stopped.code, stopped.stderr).toBe(0);
  expect(await running()).toEqual([]);
  expect(await readdir(join(folder, '.state/machines'))).toEqual([]);
}

/** A web server may need a moment longer than the init that started it; a disk of which nothing is known, much longer. */
function page(port: number): Promise<string> {
  const ask = async (): Promise<string> =>
    (await fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(10_000) })).text();
  return until(() => ask().catch(() => undefined), 'an answer of the machine');
}

describe('ingot run', () => {
  test('boots a spec by its kernel', () => boots('web.yml'));

  test.each([
    ['raw-efi', 'web-efi.img'],
    ['qcow2-efi', 'web-efi.qcow2'],
    ['iso-efi', 'web-efi.iso'],
  ])('boots %s by its firmware', (_format, file) => boots(file));

  test.each([
    ['kernel+initrd', 'web-kernel'],
    ['kernel+erofs', 'web-erofs.img'],
  ])('boots %s by its kernel', (_format, file) => boots(file));

  test('boots the disk in what Google Cloud takes', async () => {
    execFileSync('tar', ['-xzSf', 'web.img.tar.gz'], { cwd: folder });
    await boots('disk.raw');
  });

  test.each(['disk', 'ram'])('boots a spec with its root: %s', async (root) => {
    const text = await readFile(join(folder, 'web.yml'), 'utf8');
    await writeFile(join(folder, `${root}.yml`), `${text}root: ${root}\n`);
    await boots(`${root}.yml`);
  });

  test('shows the console until Ctrl-C, and then leaves nothing', async () => {
    const child = spawn(process.execPath, [PROGRAM, 'run', 'web.yml'], {
      cwd: folder,
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let shown = '';
    let told = '';
    child.stdout.setEncoding('utf8').on('data', (text) => (shown += text));
    child.stderr.setEncoding('utf8').on('data', (text) => (told += text));
    const ended = new Promise((done) => child.on('close', done));
    // The guest says so twice, on its console and where Ingot listens, and the second may be heard first.
    const isUp = () => told.includes('Ctrl-C ends it') && shown.includes('"ingot":"ready"');
    while (!isUp() && child.exitCode === null) await sleep(100);
    expect(told).toMatch(/vm-[0-9a-f]{12} is up after/);
    child.kill('SIGINT');
    expect(await ended, told).toBe(0);
    expect(shown).toContain('"ingot":"ready"');
    expect(await running()).toEqual([]);
  });

  test.each([
    [['nowhere.img'], /Cannot run nowhere\.img: there is no such file/, 1],
    [['web-efi.img', 'web.yml'], /a disk is run alone/],
    [['--publish', '80', 'web.yml'], /Cannot publish "80": it is not two ports; write it as/],
    [['--memory', 'lots', 'web.yml'], /Cannot use --memory lots: it is no whole number/],
    [['--memory', '1', 'web.yml'], /Cannot use --memory 1: it is too small; give one from 64/],
    [['web.img.tar.gz'], /wanted a spec, or a disk .* unpack the disk first/],
    [
      ['--disk', 'none.raw', 'web.yml'],
      /Cannot attach .*none\.raw: there is no such file; with ,size=10G it is made/,
      1,
    ],
    [
      ['--disk', 'new.raw,size=1M,serial=', 'web.yml'],
      /^Cannot attach "new\.raw,.*": its serial must have 1 to 20 letters/,
    ],
    [['--userdata', '.', 'web.yml'], /^Cannot read \.: it is a folder; give a file\n$/, 1],
    [['--firmware', 'bios', 'web.yml'], /choose uefi or none/],
    [['--platform', 'arm64', 'web-efi.img'], /choose linux\/amd64 or linux\/arm64/],
    [['--platform', 'linux/arm64', 'web.yml'], /what it runs on stands in the spec/],
    [['--secret', 'hunter2', 'web.yml'], /^Cannot use --secret: .*; write it as a name and the file(?!.*hunter2)/],
    [['--disk', 'new.raw,size=1M', 'missing.yml'], /there is no such file/, 1],
    [['--disk', 'new.raw,size=1M', '--userdata', 'none', 'web.yml'], /^Cannot read none: there is no such file/, 1],
  ])('refuses %j, and makes no disk', async (words, message, want = 2) => {
    const { code, stderr } = await run('run', ...words);
    expect(code).toBe(want);
    expect(await readdir(folder)).not.toContain('new.raw');
    expect(stderr).toMatch(message);
  });
});

describe('ingot stop', () => {
  test('says that there is no such machine', async () => {
    const { code, stderr } = await run('stop', 'vm-0123456789ab');
    expect(code).toBe(1);
    expect(stderr).toContain('no such machine runs; `ingot ps` lists those that do');
  });
});
