import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { questionLine } from '../../provider/src/run/qemu/command-words.js';
import { missingPrograms, skipAllBecause } from '../skip.js';

const SCRIPTS = join(__dirname, '../../provider/src/guest/root/usr/lib/ingot');

/** Prints what would be run, its parts between bytes that no test uses, and then the answer. */
const SHOW = `
. "$1"
run_command() { printf '%s\\036' "$number" "$seconds" "$service" "$@"; outcome='exited 0'; }
base64() { :; }
answer "$2"
`;

/** Bytes, as in the machine, which knows no locale. */
function run(program: string, args: string[]): string {
  const env = { ...process.env, LC_ALL: 'C' };
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', env });
  expect(status, stderr).toBe(0);
  return stdout;
}

const word = fc
  .string({
    unit: fc.oneof(
      fc.constantFrom(...'\\"\'$`\n\t *?[]{}&;|<>()!#~=%-c0'),
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
    ),
  })
  .filter((text) => !/[\0\x1e]/.test(text));

/** The host's shell and awk instead of busybox's, which the boot tests use. */
describe('commands.sh', () => {
  skipAllBecause(missingPrograms('sh'));

  function shown(question: string): string[] {
    return run('sh', ['-c', SHOW, 'sh', join(SCRIPTS, 'commands.sh'), question]).split('\x1e');
  }

  test('reads every word as it was given', () => {
    const service = fc.option(fc.constantFrom('web', 'a.b-c_1'), { nil: undefined });
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 5 }), service, (words, place) => {
        const line = questionLine({ number: 12, run: words, in: place, limitSeconds: 3 });
        expect(shown(line.slice(0, -1))).toEqual(['12', '3', place ?? '', ...words, '12 exited 0 \n']);
      }),
      { numRuns: 60 },
    );
  });

  test.each([
    '',
    '1',
    '1 1 -',
    'x 1 - =a',
    '1 1 = =a',
    '1 1 web =a',
    '1 x - =a',
    '1234567890 1 - =a',
    '1 123456 - =a',
    '-1 1 - =a',
  ])('does not answer %j', (question) => {
    expect(shown(question)).toEqual(['']);
  });
});

describe('process.awk', () => {
  skipAllBecause(missingPrograms('awk'));
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'ingot-process-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function processOf(config: unknown, words: readonly string[]): unknown {
    const file = join(folder, 'config.json');
    writeFileSync(file, typeof config === 'string' ? config : JSON.stringify(config, null, '\t'));
    return JSON.parse(
      run('awk', ['-f', join(SCRIPTS, 'json.awk'), '-f', join(SCRIPTS, 'process.awk'), file, ...words]),
    );
  }

  test('changes the words of a process, and nothing else', () => {
    const process = {
      user: { uid: 1, gid: 2, additionalGids: null },
      args: ['old', 'words'],
      env: ['A="b"\\c\u0001\n', 'É=ü'],
      cwd: '/usr',
      capabilities: { bounding: [], effective: null },
      rlimits: [{ type: 'RLIMIT_NOFILE', hard: 200, soft: 100 }],
      noNewPrivileges: true,
      oomScoreAdj: -5,
    };
    const config = { ociVersion: '1.0.0', process, root: { path: 'rootfs' }, linux: { seccomp: { names: ['args'] } } };
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 5 }), (words) => {
        expect(processOf(config, words)).toEqual({ ...process, args: words });
      }),
      { numRuns: 40 },
    );
  });

  test.each(['', '{', '{"process": []}', '{}'])('fails for %j', (config) => {
    expect(() => processOf(config, ['x'])).toThrow();
  });
});
