import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Ended, ingot } from './ingot.js';

const DPKG = 'Package: tool\nStatus: install ok installed\nVersion: 1.0-1\nArchitecture: amd64\n\n';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ingot-cli-sbom-'));
  await mkdir(join(folder, 'root/var/lib/dpkg'), { recursive: true });
  await mkdir(join(folder, 'root/sbin'), { recursive: true });
  await writeFile(join(folder, 'root/var/lib/dpkg/status'), DPKG);
  await writeFile(join(folder, 'root/sbin/init'), 'init', { mode: 0o755 });
  const files = 'files: [{ path: etc/motd, contents: hello, mode: "0644" }]';
  await writeFile(join(folder, 'one.yml'), `init: ["dir:root"]\n${files}\n`);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function run(...words: string[]): Promise<Ended> {
  return ingot(words, { folder });
}

describe('ingot sbom', () => {
  test('tells what an image is made of, as SPDX unless something else is asked for', async () => {
    const { code, stdout } = await run('sbom', 'one.yml');
    expect(code).toBe(0);
    const { spdxVersion, packages, files } = JSON.parse(stdout);
    expect(spdxVersion).toBe('SPDX-2.3');
    expect(packages.map(({ name }: { name: string }) => name)).toEqual(['ingot-image', 'dir:root', 'tool', 'files']);
    expect(files.map(({ fileName }: { fileName: string }) => fileName)).toEqual(['./etc/motd']);
  });

  test('writes the same bytes to a file each time', async () => {
    for (const name of ['a.json', 'b.json']) {
      expect(await run('sbom', '-f', 'cyclonedx', '-o', name, 'one.yml')).toMatchObject({ code: 0, stdout: '' });
    }
    const text = await readFile(join(folder, 'a.json'), 'utf8');
    expect(JSON.parse(text)).toMatchObject({ bomFormat: 'CycloneDX', specVersion: '1.6' });
    expect(await readFile(join(folder, 'b.json'), 'utf8')).toBe(text);
  });

  test('refuses a format that there is not', async () => {
    const { code, stderr } = await run('sbom', '-f', 'swid', 'one.yml');
    expect(code).toBe(2);
    expect(stderr).toContain('choose from spdx, cyclonedx');
  });

  test.each(['web.tar', 'web-efi.img'])('refuses %s, which says nothing of its sources', async (name) => {
    const { code, stderr } = await run('sbom', name);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^Cannot tell what web.* is made of: it was built, .*; give its spec or lock file/);
  });
});
