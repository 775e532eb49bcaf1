import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Ended, ingot } from './ingot.js';

const DPKG = (version: string) => `Package: tool\nStatus: install ok installed\nVersion: ${version}\n\n`;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ingot-cli-diff-'));
  for (const [name, version] of [
    ['one', '1.0-1'],
    ['two', '1.1-1'],
  ] as const) {
    await mkdir(join(folder, name, 'var/lib/dpkg'), { recursive: true });
    await mkdir(join(folder, name, 'usr/bin'), { recursive: true });
    await writeFile(join(folder, name, 'var/lib/dpkg/status'), DPKG(version));
    await writeFile(join(folder, name, 'usr/bin/tool'), `tool ${version}`, { mode: 0o755 });
    const service = `services: [{ name: web, image: "dir:${name}", command: [/usr/bin/tool, ${name}] }]`;
    const files = `files: [{ path: etc/motd, contents: ${name}, mode: "0644" }]`;
    await writeFile(join(folder, `${name}.yml`), `init: ["dir:root"]\n${service}\n${files}\n`);
  }
  await mkdir(join(folder, 'root/sbin'), { recursive: true });
  await writeFile(join(folder, 'root/sbin/init'), 'init', { mode: 0o755 });
  await run('build', '-f', 'tar', 'one.yml');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function run(...words: string[]): Promise<Ended> {
  return ingot(words, { folder });
}

describe('ingot diff', () => {
  test('tells packages, services, and files, from one spec to another', async () => {
    const { code, stdout } = await run('diff', 'one.yml', 'two.yml');
    expect(code).toBe(0);
    const lines = stdout.split('\n');
    expect(lines[0]).toBe('one.yml => two.yml');
    expect(lines[1]).toMatch(/^sha256:[0-9a-f]{12} => sha256:[0-9a-f]{12}$/);
    expect(stdout).toContain('packages  1 changed\n  ~ tool: 1.0-1 => 1.1-1\n');
    expect(stdout).toMatch(
      /\n {2}~ web: \/usr\/bin\/tool one \(dir:one\) \w+ => \/usr\/bin\/tool two \(dir:two\) \w+\n/,
    );
    expect(stdout).toContain('  ~ etc/motd: content (3 B)\n');
    expect(stdout).toContain('  ~ containers/services/web/lower/usr/bin/tool: content (10 B)\n');
    expect(stdout).not.toContain('\x1b');
  });

  test('tells no difference between a spec and what was built from it', async () => {
    const { code, stdout } = await run('diff', '--exit-code', 'one.tar', 'one.yml');
    expect(stdout).toMatch(/^one\.tar => one\.yml\nsha256:\w{12} => sha256:\w{12}\nno difference\n$/);
    expect(code).toBe(0);
  });

  test('reads a tar that others made, compressed too, with packages in any root in it', async () => {
    const names = ['etc', 'sbin', 'containers', 'boot'];
    await mkdir(join(folder, 'unpacked'));
    execFileSync('tar', ['-xpf', '../one.tar'], { cwd: join(folder, 'unpacked') });
    await writeFile(join(folder, 'unpacked/containers/services/web/lower/var/lib/dpkg/status'), DPKG('0.9'));
    const present = names.filter((name) => name !== 'boot');
    execFileSync('tar', ['-czf', '../other.tgz', ...present], { cwd: join(folder, 'unpacked') });
    const { stdout } = await run('diff', 'other.tgz', 'one.yml');
    expect(stdout).toContain('packages  1 changed\n  ~ tool: 0.9 => 1.0-1\n');
    expect(stdout).toContain('~ containers/services/web/lower/var/lib/dpkg/status: content ');
    const { contents } = JSON.parse((await run('inspect', '--json', 'other.tgz')).stdout);
    expect(contents.packages).toEqual({ tool: '0.9' });
    expect(contents.services.web).toMatch(/^\/usr\/bin\/tool one [0-9a-f]{12}$/);
  });

  test('takes a lock file for the image of the spec beside it', async () => {
    expect((await run('lock', 'one.yml')).code).toBe(0);
    expect((await run('diff', 'one.lock.json', 'one.yml')).stdout).toContain('no difference');
    expect((await run('inspect', 'one.lock.json')).stdout).toBe((await run('inspect', 'one.yml')).stdout);
    await mkdir(join(folder, 'old'));
    await writeFile(join(folder, 'old/one.lock.json'), await readFile(join(folder, 'one.lock.json')));
    expect((await run('diff', 'old/one.lock.json', 'one.yml')).stdout).toContain('no difference');
    expect(await run('diff', 'gone.lock.json', 'one.yml')).toMatchObject({
      code: 1,
      stderr: 'Cannot look into gone.lock.json: there is no such file; `ingot lock` writes one beside its spec\n',
    });
    expect((await run('diff', 'old/one.lock.json', 'one.tar')).stderr).toBe(
      'Cannot look into old/one.lock.json: there is no YAML file beside it that it could be of; give that instead, or put it there\n',
    );
    await rm(join(folder, 'one.lock.json'));
  });

  test('--exit-code answers 1 for a difference, and 2 where there is no telling', async () => {
    expect((await run('diff', '--exit-code', 'one.yml', 'two.yml')).code).toBe(1);
    expect((await run('diff', '--exit-code', 'one.yml', 'gone.yml')).code).toBe(2);
  });

  test('--json tells every file with what it was and is', async () => {
    const { stdout } = await run('diff', '--json', 'one.yml', 'two.yml');
    const { different, changes, files } = JSON.parse(stdout);
    expect(different).toBe(true);
    expect(changes).toContainEqual({ area: 'package', name: 'tool', kind: 'changed', before: '1.0-1', after: '1.1-1' });
    const motd = files.find(({ path }: { path: string }) => path === 'etc/motd');
    expect(motd).toMatchObject({ kind: 'changed', aspects: ['content'], before: { mode: '0644', sizeBytes: 3 } });
  });

  test('--html writes one page, to a file or to the standard output', async () => {
    expect(await run('diff', '--html', 'page.html', 'one.yml', 'two.yml')).toEqual({ code: 0, stdout: '', stderr: '' });
    const page = await readFile(join(folder, 'page.html'), 'utf8');
    expect(page).toMatch(/^<!doctype html>\n/);
    expect(page).toContain('<td>tool</td><td>1.0-1 =&gt; 1.1-1</td>');
    expect((await run('diff', '--html', '-', 'one.yml', 'two.yml')).stdout).toBe(page);
  });

  test('lists the first files, and all of them when asked', async () => {
    const many = Array.from({ length: 60 }, (_, index) => `{ path: etc/${index}, contents: x }`).join(', ');
    await writeFile(join(folder, 'many.yml'), `init: ["dir:root"]\nfiles: [${many}]\n`);
    await writeFile(join(folder, 'none.yml'), 'init: ["dir:root"]\n');
    await writeFile(join(folder, 'folder.yml'), `init: ["dir:root"]\nfiles: [${many.replaceAll('etc/', 'srv/')}]\n`);
    expect((await run('diff', 'none.yml', 'many.yml')).stdout).toMatch(
      /files +60 added\n(?: {2}\+ .*\n){20} {2}… and 40 more/,
    );
    expect((await run('diff', 'none.yml', 'folder.yml')).stdout).toMatch(
      /files +61 added\n {2}\+ srv\/: folder with 60 files, 60 B\nsize/,
    );
    expect((await run('diff', '--files', 'none.yml', 'many.yml')).stdout.match(/\+ etc\//g)).toHaveLength(60);
  });

  test.each([
    [['gone.tar', 'one.yml'], /^Cannot look into gone\.tar: there is no such file; give a tar of a root/],
    [['one.yml', 'gone.yml'], /^Cannot read the spec gone\.yml: there is no such file/],
    [
      ['one-efi.img', 'one.yml'],
      /^Cannot tell what one-efi\.img is made of: it was built, .*; give its spec or lock file/,
      2,
    ],
    [['bytes', 'one.yml'], 'Cannot read the spec bytes: it is not text; name a YAML file\n'],
    [['-', '-'], /^Cannot compare - with -: the standard input can be read once; give the path of a file/, 2],
    [
      ['broken.tar', 'one.yml'],
      /^Cannot read broken\.tar: it is no tar archive as it should be \(.*ends before its end mark\)/,
    ],
  ])('says what is wrong with %j', async (words, message, want = 1) => {
    await writeFile(join(folder, 'broken.tar'), (await readFile(join(folder, 'one.tar'))).subarray(0, 2048));
    await writeFile(join(folder, 'bytes'), new Uint8Array(600));
    const { code, stderr } = await run('diff', ...words);
    expect(code).toBe(want);
    if (typeof message === 'string') expect(stderr).toBe(message);
    else expect(stderr).toMatch(message);
  });

  test.each([
    ['gone.tar', /^Cannot look into gone\.tar: there is no such file; give a tar of a root, a spec or a lock file\n$/],
    ['text.tar', /^Cannot look into text\.tar: it is no tar, though it is called one; give/],
  ])('ingot inspect says what is wrong with %s', async (name, message) => {
    await writeFile(join(folder, 'text.tar'), 'text\n');
    const { code, stderr } = await run('inspect', name);
    expect(code).toBe(1);
    expect(stderr).toMatch(message);
  });
});
