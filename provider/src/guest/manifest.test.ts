import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { canonicalJson, sha256 } from '../model/digest.js';
import { GUEST_PACKAGES, GUEST_VERSION, guestPicks, readGuestFiles, requireGuestVersion } from './manifest.js';

/** Digest over all guest files by version: a changed script needs a new version, since it changes images. */
const RECORDED: Readonly<Record<number, string>> = {
  1: 'sha256:eff004ad012f9a880546257af45cab0a39e71f7cd79a034d675cbfed29ff7678',
};

const root = join(__dirname, 'root');

describe('readGuestFiles()', () => {
  test('gives the recorded files of this version', async () => {
    const lines = (await readGuestFiles()).map(({ path, mode, bytes, link, directory }) =>
      canonicalJson({ path, mode, sha256: bytes && sha256(bytes), link, directory }),
    );
    expect(sha256(lines.join('\n')), 'a guest file changed: raise GUEST_VERSION and record its digest').toBe(
      RECORDED[GUEST_VERSION],
    );
  });

  test('gives each file in root/, sorted, each path once, with LF', async () => {
    const files = await readGuestFiles();
    const paths = files.map(({ path }) => path);
    expect(paths).toEqual([...new Set(paths)].sort());
    const written = readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
    expect(files.filter(({ bytes }) => bytes !== undefined).map(({ path }) => path)).toEqual(written.sort());
    for (const { path, bytes } of files) expect(bytes?.includes(13) ?? false, path).toBe(false);
  });

  test('makes executable exactly what names an interpreter', async () => {
    for (const { path, mode, bytes } of await readGuestFiles()) {
      if (bytes === undefined) continue;
      const script = Buffer.from(bytes).toString('latin1').startsWith('#!/usr/bin/busybox sh\n');
      expect([path, mode.toString(8)]).toEqual([path, script ? '755' : '644']);
    }
  });
});

describe('guestPicks()', () => {
  test('takes something from each package, and from no other', () => {
    for (const architecture of ['amd64', 'arm64'] as const) {
      const packages = new Set(guestPicks(architecture).map((pick) => pick.package));
      expect([...packages].sort()).toEqual([...GUEST_PACKAGES].sort());
    }
  });
});

describe('requireGuestVersion()', () => {
  test('takes this version, and names both where it is another', () => {
    expect(() => requireGuestVersion(GUEST_VERSION)).not.toThrow();
    expect(() => requireGuestVersion(GUEST_VERSION + 1)).toThrow(/has version \d+; use the Ingot that made/);
    expect(() => requireGuestVersion(0)).toThrow(/version 0 .* has version \d+; update the lock/);
  });
});
