import { execFileSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { missingPrograms, skipBecause } from '../skip.js';
import { ingot } from './ingot.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ingot-cli-export-'));
  await mkdir(join(folder, 'home/root/bin'), { recursive: true });
  await writeFile(join(folder, 'home/root/bin/tool'), 'tool', { mode: 0o755 });
  await writeFile(join(folder, 'home/a.txt'), 'of a file');
  await writeFile(
    join(folder, 'home/web.yml'),
    'init: ["dir:root"]\nvolumes: [{ name: data, image: "dir:root" }]\nfiles: [{ path: etc/a, source: a.txt }]\n',
  );
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const at = (place: string, environment: Record<string, string> = {}) => ({ folder: join(folder, place), environment });

describe('ingot cache export and import', () => {
  test('carry an image to an empty cache without network, where it has the same bytes', async () => {
    const built = await ingot(['build', '-f', 'tar', 'web.yml'], at('home'));
    const exported = await ingot(['cache', 'export', 'web.yml'], at('home'));
    expect(exported).toMatchObject({ code: 0, stderr: built.stderr });
    expect(exported.stdout).toMatch(/^web\.inputs\.tar: \d+ files, [\d.]+ kB\n$/);

    await cp(join(folder, 'home'), join(folder, 'there'), {
      recursive: true,
      filter: (path) => !['.cache', 'web.tar'].includes(basename(path)),
    });
    const offline = at('there', { INGOT_OFFLINE: 'true' });
    const imported = await ingot(['cache', 'import', 'web.inputs.tar'], offline);
    expect(imported).toEqual({ code: 0, stdout: `${built.stderr.trim()}: its inputs are in the cache\n`, stderr: '' });
    expect(await ingot(['build', '-f', 'tar', 'web.yml'], offline)).toEqual(built);
    const [one, two] = await Promise.all(['home', 'there'].map((place) => readFile(join(folder, place, 'web.tar'))));
    expect(one?.equals(two as Buffer)).toBe(true);
  });

  test('write a folder, or to the standard output, the same; and tell it as JSON', async () => {
    const told = JSON.parse((await ingot(['cache', 'export', '--json', '-o', 'inputs', 'web.yml'], at('home'))).stdout);
    expect(told).toMatchObject({ path: 'inputs', image: expect.stringMatching(/^sha256:/) });
    const names = await readdir(join(folder, 'home/inputs'), { recursive: true, withFileTypes: true });
    expect(names.filter((entry) => entry.isFile())).toHaveLength(told.files);
    const words = ['cache', 'import', '--json', '--lock', 'web.lock.json', 'inputs'];
    const lock = JSON.parse((await ingot(words, at('home'))).stdout);
    expect(await ingot(['lock', '--check', 'web.yml'], at('home'))).toMatchObject({ code: 0 });
    expect((await ingot(words, at('home'))).stderr).toMatch(/^Cannot write web\.lock\.json: it is there already/);
    expect(lock).toMatchObject({ image: told.image, lock: { version: 1 } });
    expect(await ingot(['cache', 'export', '-o', 'inputs', 'web.yml'], at('home'))).toMatchObject({
      code: 1,
      stderr: 'Cannot write inputs: it is there, and not empty; remove it, or name another\n',
    });
    expect(await ingot(['cache', 'import', 'nowhere.tar'], at('home'))).toMatchObject({
      code: 1,
      stderr:
        'Cannot read nowhere.tar: there is no such file or folder; give one that `ingot cache export` has written\n',
    });
    expect(await ingot(['cache', 'export', '-o', 'web.yml', 'web.yml'], at('home'))).toMatchObject({
      code: 1,
      stderr: 'Cannot write web.yml: it is not a folder, or something on the way is none; name another place\n',
    });
  });

  test('make a layout that skopeo takes for one', async (context) => {
    const missing = missingPrograms('skopeo');
    if (missing !== undefined) skipBecause(context, missing);
    await ingot(['cache', 'export', '-o', 'inputs', 'web.yml'], at('home'));
    const index = JSON.parse(await readFile(join(folder, 'home/inputs/index.json'), 'utf8'));
    const name = index.manifests[0].annotations['org.opencontainers.image.ref.name'];
    const raw = execFileSync('skopeo', ['inspect', '--raw', `oci:inputs:${name}`], { cwd: join(folder, 'home') });
    expect(JSON.parse(raw.toString())).toMatchObject({ artifactType: 'application/vnd.ingot.inputs.v1' });
  });
});
