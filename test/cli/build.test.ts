import { execFileSync, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Ended, ingot, PROGRAM } from './ingot.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ingot-cli-build-'));
  await mkdir(join(folder, 'root/bin'), { recursive: true });
  await writeFile(join(folder, 'root/bin/tool'), '#!/bin/sh\n', { mode: 0o755 });
  await mkdir(join(folder, 'kernel'));
  await writeFile(join(folder, 'kernel/kernel'), 'MZ kernel');
  await writeFile(
    join(folder, 'web.yml'),
    'init: ["dir:root"]\nkernel: { image: "dir:kernel", cmdline: quiet, tar: none }\nfiles: [{ path: etc/motd, contents: hello, mode: "0644" }]\n',
  );
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function run(...words: string[]): Promise<Ended> {
  return ingot(words, { folder });
}

async function listed(): Promise<string[]> {
  const names = await readdir(folder);
  return names.filter((name) => !['.cache', 'kernel', 'root', 'web.yml'].includes(name)).sort();
}

describe('ingot build', () => {
  test('writes a kernel, an initrd and a command line, with the names of LinuxKit', async () => {
    const { code, stdout, stderr } = await run('build', 'web.yml');
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'web-kernel\nweb-initrd.img\nweb-cmdline\n' });
    expect(stderr).toMatch(/^sha256:[0-9a-f]{64}\n$/);
    expect(await listed()).toEqual(['web-cmdline', 'web-initrd.img', 'web-kernel']);
    expect(await readFile(join(folder, 'web-kernel'), 'utf8')).toBe('MZ kernel');
    expect(await readFile(join(folder, 'web-cmdline'), 'utf8')).toBe(`quiet ingot.image=${stderr.trim()}`);
  });

  test('writes several formats under a name into a folder that it makes', async () => {
    const { stdout } = await run('build', '-f', 'tar,kernel+initrd', '--dir', 'out/new', '--name', 'site', 'web.yml');
    expect(stdout.split('\n')[0]).toBe('out/new/site.tar');
    expect((await readdir(join(folder, 'out/new'))).sort()).toEqual([
      'site-cmdline',
      'site-initrd.img',
      'site-kernel',
      'site.tar',
    ]);
    expect((await run('build', '-f', 'tar', '-f', 'kernel+initrd', 'web.yml')).stdout).toMatch(
      /^web\.tar\nweb-kernel\n/,
    );
  });

  test.each(['', 'a/b', '../web'])('refuses the name %j', async (name) => {
    const { code, stderr } = await run('build', '--name', name, 'web.yml');
    expect(code).toBe(2);
    expect(stderr).toContain(`Cannot use --name ${JSON.stringify(name)}`);
  });

  test('-o writes one tar, to a file or to the standard output, the same bytes each time', async () => {
    expect(await run('build', '-o', 'root.tar', 'web.yml')).toMatchObject({ code: 0, stdout: 'root.tar\n' });
    const names = execFileSync('tar', ['-tf', 'root.tar'], { cwd: folder, encoding: 'utf8' });
    expect(names.split('\n')).toEqual(expect.arrayContaining(['bin/tool', 'boot/kernel', 'etc/motd']));
    expect(await run('build', '--o', 'again.tar', 'web.yml')).toMatchObject({ code: 0 });
    const piped = execFileSync(process.execPath, [PROGRAM, 'build', '-o', '-', 'web.yml'], {
      cwd: folder,
      env: { ...process.env, INGOT_CACHE: join(folder, '.cache') },
      stdio: ['ignore', 'pipe', 'ignore'],
      maxBuffer: 1 << 26,
    });
    const first = await readFile(join(folder, 'root.tar'));
    expect(piped.equals(first)).toBe(true);
    expect((await readFile(join(folder, 'again.tar'))).equals(first)).toBe(true);
  });

  test('--json tells the image and each file', async () => {
    const { stdout } = await run('build', '-f', 'tar,kernel+initrd', '--json', 'web.yml');
    const { image, files } = JSON.parse(stdout);
    expect(image).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(files.map(({ path, role }: { path: string; role: string }) => `${role} ${path}`)).toEqual([
      'tar web.tar',
      'kernel web-kernel',
      'initrd web-initrd.img',
      'cmdline web-cmdline',
    ]);
    for (const { path, sizeBytes, sha256 } of files) {
      expect((await stat(join(folder, path))).size).toBe(sizeBytes);
      const [sum] = execFileSync('sha256sum', [path], { cwd: folder, encoding: 'utf8' }).split(' ');
      expect(sha256).toBe(`sha256:${sum}`);
    }
  });

  test('gives files the permissions of any new file', async () => {
    const command = `umask 027 && exec "$0" "$@"`;
    const words = [PROGRAM, 'build', '-f', 'tar,kernel+initrd', 'web.yml'];
    execFileSync('sh', ['-c', command, process.execPath, ...words], {
      cwd: folder,
      env: { ...process.env, INGOT_CACHE: join(folder, '.cache') },
      stdio: 'ignore',
    });
    for (const name of ['web.tar', 'web-kernel']) expect((await stat(join(folder, name))).mode & 0o777).toBe(0o640);
  });

  test.each([
    [['-f', 'qcow2', 'web.yml'], /there is no such format \(choose from tar, oci, .*gcp\); did you mean .*qcow2-efi/],
    [
      ['-o', 'x', '-f', 'kernel+initrd', 'web.yml'],
      /^Cannot write kernel\+initrd to one output: it has several files; /,
    ],
    [
      ['-o', 'x', '--dir', 'y', 'web.yml'],
      'Cannot use --dir with -o: the file after -o is the whole output; leave one of them out\n',
    ],
    [
      ['-o', '-', '--json', 'web.yml'],
      'Cannot use --json with -o -: both go to the standard output; name a file after -o\n',
    ],
    [['-o', 'nowhere/x', 'web.yml'], 'Cannot write nowhere/x: there is no such folder; make it first\n', 1],
    [['-o', 'root', 'web.yml'], 'Cannot write root: it is a folder; give the name of a file in it\n', 1],
    [['-', '--dir', 'out'], 'Cannot name the output: the spec comes from standard input; give --name\n'],
    [['missing.yml'], /^Cannot read the spec missing\.yml: there is no such file/, 1],
  ])('refuses %j, and leaves nothing', async (words, message, want = 2) => {
    const { code, stdout, stderr } = await run('build', ...words);
    expect({ code, stdout }).toEqual({ code: want, stdout: '' });
    if (typeof message === 'string') expect(stderr).toBe(message);
    else expect(stderr).toMatch(message);
    expect(await listed()).toEqual([]);
  });

  test('writes none of its files where one of them cannot be written', async () => {
    await mkdir(join(folder, 'web-cmdline'));
    expect(await run('build', 'web.yml')).toMatchObject({ code: 1, stdout: '' });
    expect(await listed()).toEqual(['web-cmdline']);
  });

  test('stops at Ctrl-C, and leaves nothing half-made', async () => {
    let asked: () => void = () => {};
    const isAsked = new Promise<void>((done) => {
      asked = done;
    });
    // A registry that never answers.
    const server = createServer(asked);
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    try {
      const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
      await writeFile(join(folder, 'slow.yml'), `init: ["dir:root"]\nonboot: [{ name: a, image: "${host}/a:1" }]\n`);
      const child = spawn(process.execPath, [PROGRAM, 'build', '-f', 'tar', '--dir', 'out', 'slow.yml'], {
        cwd: folder,
        env: { PATH: process.env.PATH, INGOT_CACHE: join(folder, '.cache'), INGOT_REGISTRY_INSECURE: host },
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      let said = '';
      child.stderr.on('data', (text) => {
        said += text;
      });
      const ended = new Promise((done) => child.on('close', done));
      await isAsked;
      child.kill('SIGINT');
      expect(await ended).toBe(130);
      expect(said).toContain('Stopped; nothing half-made was left.');
      expect(await listed()).toEqual(['slow.yml']);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  test('ends with a reason when whoever reads its output has seen enough', async () => {
    await writeFile(join(folder, 'root/big'), Buffer.alloc(4 << 20));
    execFileSync(
      'sh',
      ['-c', '"$0" "$@" 2>said | head -c 1 >/dev/null', process.execPath, PROGRAM, 'build', '-o', '-', 'web.yml'],
      {
        cwd: folder,
        env: { ...process.env, INGOT_CACHE: join(folder, '.cache') },
      },
    );
    expect(await readFile(join(folder, 'said'), 'utf8')).toBe(
      'Cannot write to the standard output: whoever reads it has stopped\n',
    );
  });
});
