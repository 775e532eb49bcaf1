import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { main } from './main.js';
import { newProgram } from './program.js';

/** For each option that takes a value: what stands around it, values that cannot be, and what is said of them. */
const WRONG: Readonly<Record<string, readonly [words: string, value: string, message: RegExp][]>> = {
  'build --format': [
    ['web.yml', 'qcow2', /no such format .*did you mean qcow2-efi\?/],
    ['web.yml', '', /^Cannot use --format "": it is empty; give a value, or leave --format out\n$/],
  ],
  'build --dir': [['web.yml', '', /--dir "": it is empty/]],
  'build --name': [
    ['web.yml', 'a/b', /--name "a\/b": it is no name of a file/],
    ['web.yml', '..', /--name "..": it is no name of a file/],
    ['web.yml', '', /--name "": it is empty/],
  ],
  'build --output': [
    ['web.yml', '', /--output "": it is empty/],
    ['web.yml -f kernel+initrd', 'x', /it has several files/],
    ['web.yml --name x', 'x', /Cannot use --name with -o/],
  ],
  'build --o': [['web.yml', '', /--o "": it is empty/]],
  'build --size': [
    ['web.yml -f raw-efi', 'abc', /^Cannot use --size abc: it is no size; give one such as 512M or 10G/],
    ['web.yml -f raw-efi', '-3', /--size -3: it is no size/],
    ['web.yml -f raw-efi', '1T', /--size 1T: it is no size/],
    ['web.yml -f raw-efi', '99999999G', /--size 99999999G: it is too large; .* 64 TiB at most/],
    ['web.yml -f tar', '1G', /Cannot use --size with -f tar: it is for disks alone/],
  ],
  'build --secure-boot-cert': [
    ['web.yml -f raw-efi', 'db.pem', /^Cannot sign for Secure Boot: nobody signs; give --secure-boot-cert, and with/],
  ],
  'build --secure-boot-key': [
    ['web.yml -f raw-efi', 'db.key', /there is no certificate/],
    ['web.yml -f raw-efi --secure-boot-cert a --secure-boot-command b', 'db.key', /a key and a command both sign/],
  ],
  'build --secure-boot-command': [['web.yml -f raw-efi', 'sign', /there is no certificate/]],
  'sbom --format': [['web.yml', 'spdxx', /no such format; choose from spdx, cyclonedx; did you mean spdx\?/]],
  'sbom --output': [['web.yml', '', /--output "": it is empty/]],
  'diff --html': [['a.yml b.yml', '', /--html "": it is empty/]],
  'test --http': [
    ['web.yml', 'health', /^Cannot ask "health" over HTTP: it is not a port with a path; write it as/],
    ['web.yml', '0/', /--http 0: it is too small; give one from 1 to 65535/],
  ],
  'test --tcp': [
    ['web.yml', 'ssh', /^Cannot use --tcp ssh: it is no whole number; give one from 1 to 65535\n$/],
    ['web.yml', '65536', /--tcp 65536: it is too large/],
  ],
  'test --console': [['web.yml', '', /--console "": it is empty/]],
  'test --command': [
    ['web.yml', "ls 'a", /^Cannot run "ls 'a" in the machine: a quote in it has no end; write it as/],
    ['web.yml', 'web: ', /it names no program/],
  ],
  'test --memory': [['web.yml', '512M', /--memory 512M: it is no whole number; give one from 64 to 1048576/]],
  'test --cpus': [['web.yml', '0', /--cpus 0: it is too small; give one from 1 to 256/]],
  'test --timeout': [['web.yml', '1.5', /--timeout 1.5: it is no whole number; give one from 1 to 3600/]],
  'run --publish': [
    ['web.yml', '80', /^Cannot publish "80": it is not two ports; write it as/],
    ['web.yml', '8080:99999', /--publish 99999: it is too large/],
  ],
  'run --disk': [
    ['web.yml', 'd.raw,size=abc', /--disk abc: it is no size/],
    ['web.yml', 'd.raw,sise=1G', /sise is neither size=… nor serial=…; write it as/],
    ['web.yml', 'd.raw,size', /size is neither/],
    ['web.yml', ',size=1G', /it names no file/],
    ['web.yml', 'd.raw,serial=a b', /its serial must have 1 to 20 letters/],
  ],
  'run --userdata': [['web.yml', '', /--userdata "": it is empty/]],
  'run --secret': [['web.yml', 'hunter2', /^Cannot use --secret: it has no name, or no file; write(?!.*hunter2)/]],
  'run --memory': [
    ['web.yml', '-3', /--memory -3: it is no whole number/],
    // What comes before a wrong word makes nothing yet.
    ['web.yml --disk new.raw,size=1M', 'x', /--memory x/],
  ],
  'run --cpus': [['web.yml', '257', /--cpus 257: it is too large/]],
  'run --firmware': [['web.yml', 'bios', /--firmware bios: there is no such kind; choose uefi or none/]],
  'run --platform': [
    ['web-efi.img', 'x', /--platform x: there is no such platform; choose linux\/amd64 or linux\/arm64/],
    ['web.yml', 'linux/arm64', /what it runs on stands in the spec; leave it out/],
  ],
  'run --timeout': [['web.yml', 'soon', /--timeout soon: it is no whole number/]],
  'lock --update': [['web.yml', '', /--update "": it is empty/]],
  'cache prune --max-size': [
    ['', 'big', /^Cannot use --max-size "big": it is not understood; wanted a size such as/],
    ['--all', '1G', /--all leaves nothing to choose; give either/],
  ],
  'cache prune --older-than': [['', 'long', /--older-than "long": it is not understood; wanted a time such as/]],
  'cache export --output': [['web.yml --json', '-', /Cannot use --json with -o -: both go to the standard output/]],
  'cache import --lock': [['web.tar', '', /--lock "": it is empty/]],
  'keys new --name': [['keys', 'x'.repeat(61), /it is too short or too long; wanted 1 to 60 characters/]],
};

/** Commands that cannot be, whatever their options. */
const NOT_COMMANDS: readonly (readonly [words: readonly string[], message: RegExp])[] = [
  [['biuld', 'web.yml'], /unknown command 'biuld'/],
  [['build', '--formt', 'tar', 'web.yml'], /unknown option '--formt'/],
  [['build'], /missing required argument 'spec'/],
  [['build', ''], /^Cannot use "" as spec: it is empty; give YAML files/],
  [['build', '-'], /^Cannot name the output: .* give --name\n$/],
  [['build', '--compress', 'web.yml'], /Cannot use --compress with -f kernel\+initrd/],
  [['diff', '-', '-'], /Cannot compare - with -: .*; give the path of a file/],
  [['diff', '--exit-code', '-', '-'], /Cannot compare - with -/],
  [['sbom', 'web-efi.img'], /Cannot tell what web-efi\.img is made of/],
  [['run', 'a.img', 'b.yml'], /a disk is run alone/],
  [['run', 'web.tar'], /Cannot run web\.tar: wanted a spec, or a disk/],
  [['run', '--debug', 'web-efi.img'], /Cannot use --debug for web-efi\.img: it is built already/],
  [['lock', '-'], /Cannot lock the spec: it comes from standard input/],
  [['cache'], /Commands:/],
  [['completion', 'tcsh'], /Allowed choices are bash, zsh, fish/],
];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ingot-usage-'));
  await writeFile(join(folder, 'web.yml'), 'files: []\n');
  vi.spyOn(process, 'cwd').mockReturnValue(folder);
  vi.stubEnv('INGOT_CACHE', join(folder, '.cache'));
  vi.stubEnv('INGOT_STATE', join(folder, '.state'));
});
afterAll(async () => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

async function said(words: readonly string[]): Promise<{ code: typeof process.exitCode; text: string }> {
  let text = '';
  const spy = vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
    text += String(chunk);
    return true;
  });
  const before = process.exitCode;
  const listeners = process.stdout.listeners('error');
  process.exitCode = undefined;
  try {
    await main(['node', 'ingot', ...words]);
    return { code: process.exitCode, text };
  } finally {
    process.exitCode = before;
    const own = process.stdout.listeners('error').filter((listener) => !listeners.includes(listener));
    for (const listener of own) process.stdout.removeListener('error', listener as () => void);
    spy.mockRestore();
  }
}

const CASES = Object.entries(WRONG).flatMap(([option, wrong]) =>
  wrong.map(([around, value, message]): [string[], RegExp] => {
    const words = option.split(' ');
    const flag = words.pop() ?? '';
    return [[...words, flag, value, ...around.split(' ').filter((word) => word !== '')], message];
  }),
);

describe('main()', () => {
  test.each([...CASES, ...NOT_COMMANDS])('exits with 2, and makes nothing, for %j', async (words, message) => {
    const { code, text } = await said(words);
    expect(text).toMatch(message);
    expect(code).toBe(2);
    expect((await readdir(folder)).filter((name) => !name.startsWith('.'))).toEqual(['web.yml']);
  });

  test('has a wrong value above for each option that takes one', () => {
    expect(Object.keys(WRONG).sort()).toEqual(valued(newProgram('0'), []).sort());
  });
});

/** `run --memory` and so on, of all commands. */
function valued(command: Command, names: readonly string[]): string[] {
  const own = command.options.filter(({ required, optional }) => required || optional);
  return [
    ...own.map(({ long }) => [...names, long].join(' ')),
    ...command.commands.flatMap((child) => valued(child, [...names, child.name()])),
  ];
}
