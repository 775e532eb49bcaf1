import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, cp, mkdtemp, readdir, readFile, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { again } from '../again.js';
import { type Ended, ingot, PROGRAM } from '../cli/ingot.js';
import { missingPrograms, skipBecause } from '../skip.js';

const EXAMPLE = resolve(__dirname, '../../examples/quickstart');
const WORDS = ['build', '-f', 'tar,kernel+initrd', '--dir', 'out', '--name', 'web', 'web.yml'];
/** Addresses of archives, and whether a frozen one is believed: how packages are found, and not what is built of them. */
const PASSED_ON: Record<string, string> = Object.fromEntries(
  Object.entries(process.env).flatMap(([name, value]) =>
    name.startsWith('INGOT_DEBIAN_') && value ? [[name, value]] : [],
  ),
);

/**
 * The same spec, files and lock, built twice: by root and by nobody, in other folders, with another umask, time zone,
 * language and clock, another cache, and files that were written at another time. Everything is fetched and unpacked
 * twice.
 */
describe('two builds of one image', () => {
  let folder: string;
  let noMirror: string | undefined;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ingot-reproducible-'));
    await chmod(folder, 0o755);
    await cp(join(EXAMPLE, 'web.yml'), join(folder, 'one/web.yml'));
    await cp(join(EXAMPLE, 'page'), join(folder, 'one/page'), { recursive: true });
    const { code, stderr } = await fetching(() =>
      ingot(['lock', 'web.yml'], { folder: join(folder, 'one'), environment: PASSED_ON }),
    );
    if (code === 0) return;
    if (!/mirror|archive|reach/.test(stderr)) throw new Error(stderr);
    noMirror = `no mirror of Debian: ${stderr.trim().slice(0, 200)}`;
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('give identical bytes', async (context) => {
    if (noMirror !== undefined) skipBecause(context, noMirror);
    const other = join(folder, 'two/in another place');
    await cp(join(folder, 'one'), other, { recursive: true, filter: (path) => !path.endsWith('.cache') });
    await utimes(join(other, 'page/index.html'), 86400, 86400);
    await chmod(join(other, 'page/index.html'), 0o604);

    const first = await fetching(() =>
      ingot(WORDS, { folder: join(folder, 'one'), environment: { ...PASSED_ON, TZ: 'UTC', LC_ALL: 'C' } }),
    );
    expect(first, first.stderr).toMatchObject({ code: 0 });

    const unlike = await unlikeCommand(other);
    const second = await fetching(() =>
      run(['sh', '-c', 'umask 077 && exec "$@"', 'sh', ...unlike, process.execPath, PROGRAM, ...WORDS], {
        cwd: other,
        env: {
          ...PASSED_ON,
          PATH: process.env.PATH,
          HOME: other,
          USER: 'nobody',
          INGOT_CACHE: join(other, 'cache'),
          TZ: 'Pacific/Kiritimati',
          LC_ALL: 'tr_TR.UTF-8',
          LANG: 'tr_TR.UTF-8',
          // Only the wall clock: with the other one Node would wait for years.
          DONT_FAKE_MONOTONIC: '1',
        },
      }),
    );
    expect(second, second.stderr).toMatchObject({ code: 0 });

    const [one, two] = [await digestsIn(join(folder, 'one/out')), await digestsIn(join(other, 'out'))];
    expect(Object.keys(one)).toEqual(['web-cmdline', 'web-initrd.img', 'web-kernel', 'web.tar']);
    expect(two).toEqual(one);
  });

  test('by another user have really been made by one', (context) => {
    const reason = whyNotNobody();
    if (reason !== undefined) skipBecause(context, reason);
    const [program, ...words] = AS_NOBODY;
    const uid = execFileSync(program, [...words, process.execPath, '-p', 'process.getuid()'], { encoding: 'utf8' });
    expect(uid.trim()).toBe(NOBODY);
  });

  test('by another clock have really been made with one', (context) => {
    const reason = missingPrograms('faketime');
    if (reason !== undefined) skipBecause(context, reason);
    const year = execFileSync('faketime', [CLOCK, process.execPath, '-p', 'new Date().getFullYear()'], {
      encoding: 'utf8',
      env: { ...process.env, DONT_FAKE_MONOTONIC: '1' },
    });
    expect(year.trim()).toBe('2031');
  });
});

/** What a program that asks the archive ended with; again where that did not answer, since it is not what is tested. */
async function fetching(work: () => Promise<Outcome>): Promise<Outcome> {
  let ended: Outcome = { code: null, stderr: '' };
  await again(async () => {
    ended = await work();
    if (ended.code !== 0 && /Cannot (fetch|reach)/.test(ended.stderr)) throw new Error(ended.stderr);
  }).catch(() => undefined);
  return ended;
}

type Outcome = Pick<Ended, 'code' | 'stderr'>;

function run(
  [program, ...words]: readonly [string, ...string[]],
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Promise<Outcome> {
  const child = spawn(program, words, { ...options, stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stderr }));
  });
}

const NOBODY = '65534';
const AS_NOBODY = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'] as const;

function whyNotNobody(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root can run a program as another user';
  const reason = missingPrograms('setpriv');
  if (reason !== undefined) return reason;
  const [program, ...words] = AS_NOBODY;
  const { status } = spawnSync(program, [...words, process.execPath, PROGRAM, '--version']);
  return status === 0 ? undefined : 'other users may not read this checkout';
}

const CLOCK = '2031-05-06 07:08:09';

/** What a command is run by, to have another user and another clock, as far as this machine can. */
async function unlikeCommand(folder: string): Promise<string[]> {
  const command: string[] = [];
  if (whyNotNobody() === undefined) {
    execFileSync('chown', ['-R', NOBODY, folder]);
    command.push(...AS_NOBODY);
  }
  if (missingPrograms('faketime') === undefined) command.push('faketime', CLOCK);
  return command;
}

async function digestsIn(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(folder)).sort();
  const digests = names.map(async (name) => {
    const hash = createHash('sha256').update(await readFile(join(folder, name)));
    return [name, hash.digest('hex')] as const;
  });
  return Object.fromEntries(await Promise.all(digests));
}
