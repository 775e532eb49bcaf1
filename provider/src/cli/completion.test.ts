import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { allCommands, commandTree } from './command-tree.js';
import { SHELLS } from './completion.js';
import { newProgram } from './program.js';
import { withReference } from './reference.js';

const tree = commandTree(newProgram(''));
const ROOT = join(__dirname, '../../..');

let folder: string;
/** What a shell writes down for itself is not among what it completes. */
let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'ingot-completion-home-'));
  folder = mkdtempSync(join(tmpdir(), 'ingot-completion-'));
  mkdirSync(join(folder, 'specs'));
  writeFileSync(join(folder, 'web.yml'), '');
  for (const [shell, script] of Object.entries(SHELLS)) writeFileSync(join(folder, shell), script(tree));
});
afterAll(() => {
  for (const made of [folder, home]) rmSync(made, { recursive: true, force: true, maxRetries: 20 });
});

describe('commandTree()', () => {
  test('knows every command, with its options and what they take', () => {
    const paths = allCommands(tree).map(({ path }) => path);
    expect(paths).toEqual(expect.arrayContaining(['', 'build', 'cache', 'cache export', 'completion', 'lock']));
    const build = allCommands(tree).find(({ path }) => path === 'build');
    const format = build?.options.find(({ flags }) => flags.includes('--format'));
    expect(format).toMatchObject({ flags: ['-f', '--format'], value: { choices: expect.arrayContaining(['tar']) } });
    expect(build?.options.some(({ flags }) => flags.includes('--o'))).toBe(false);
  });
});

describe('ingot completion', () => {
  test.each<[string[], string[]]>([
    [['cache', 'ex'], ['export']],
    [['ca'], ['cache']],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
    [
      ['build', '-f', 'ta'],
      ['tar', 'tar-kernel-initrd'],
    ],
    [['build', '--dir', ''], ['specs']],
    [['build', 'w'], ['web.yml']],
    [['build', '-o', 'cache', 'w'], ['web.yml']],
    [['cache', 'prune', '--all', '--dr'], ['--dry-run']],
    [['cache', 'export', '-o', 'x', '--js'], ['--json']],
  ])('bash completes %j', (words, completed) => {
    const script = `source ./bash; COMP_WORDS=(ingot "$@"); COMP_CWORD=$#; _ingot; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const given = execFileSync('bash', ['--norc', '-c', script, 'bash', ...words], { cwd: folder, encoding: 'utf8' });
    expect(given.trim().split('\n').sort()).toEqual([...completed].sort());
  });

  test.for<[string, string[]]>([
    ['ingot cache ex', ['export']],
    ['ingot completion f', ['fish']],
    ['ingot build -f ta', ['tar', 'tar-kernel-initrd']],
    ['ingot build -o cache w', ['web.yml']],
    ['ingot cache prune --all --dr', ['--dry-run']],
  ])('fish completes %j', ([line, completed], context) => {
    if (spawnSync('fish', ['-c', 'true']).status !== 0) context.skip('no fish on this machine');
    const given = execFileSync('fish', ['--no-config', '-c', 'source ./fish; complete -C $argv[1]', line], {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, HOME: home, XDG_CONFIG_HOME: home, XDG_DATA_HOME: home },
    });
    const words = given
      .trim()
      .split('\n')
      .map((one) => one.split('\t')[0]);
    expect(words).toEqual(expect.arrayContaining(completed));
    if (!line.endsWith(' w')) expect(words).toHaveLength(completed.length);
  });

  test('zsh takes the script, with a function for each command', (context) => {
    if (spawnSync('zsh', ['-c', 'true']).status !== 0) context.skip('no zsh on this machine');
    execFileSync('zsh', ['-f', '-n', 'zsh'], { cwd: folder });
    const script = 'compdef() { print -r -- "$@" }; source ./zsh; print -rl -- $functions[(I)*]';
    const given = execFileSync('zsh', ['-f', '-c', script], { cwd: folder, encoding: 'utf8' }).split('\n');
    expect(given[0]).toBe('_ingot ingot');
    const functions = allCommands(tree).map(({ path }) => ['_ingot', ...path.split(' ')].filter(Boolean).join('_'));
    expect(given).toEqual(expect.arrayContaining(functions));
  });
});

test('withReference() would write docs/cli.md as it is committed; if not, run node scripts/generate-cli.mjs', () => {
  const page = readFileSync(join(ROOT, 'docs/cli.md'), 'utf8');
  expect(withReference(page, newProgram(''))).toBe(page);
});
