import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { sha256 } from '../model/digest.js';
import { GUEST_PACKAGES, GUEST_VERSION, guestDigest, readGuest, requireGuest } from './manifest.js';

/** Digest over all guest files by version: a changed script needs a new version, since it changes images. */
const RECORDED: Readonly<Record<number, string>> = {
  1: 'sha256:041278a369517e630137e3e5023d15bf068db13b02fb22779dbf6ab673b25dae',
  2: 'sha256:1e36c5f7bdd1118d3256622994a0b3088627953bf002c544a64b6d665cd6b560',
};

describe('readGuest()', () => {
  test('gives the recorded files of this version', async () => {
    const digest = guestDigest(await readGuest('amd64'));
    expect(digest, 'a guest file changed: raise GUEST_VERSION and record its digest').toBe(RECORDED[GUEST_VERSION]);
  });

  test('gives each file in root/ and initramfs/, sorted, each path once, with LF', async () => {
    const guest = await readGuest('amd64');
    for (const [part, folder] of [
      [guest.root, 'root'],
      [guest.initramfs, 'initramfs'],
    ] as const) {
      const paths = part.files.map(({ path }) => path);
      expect(paths).toEqual([...new Set(paths)].sort());
      const root = join(__dirname, folder);
      const written = readdirSync(root, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
      const scripts = part.files.filter(({ bytes }) => bytes !== undefined).map(({ path }) => path);
      expect(scripts).toEqual(expect.arrayContaining(written));
      if (part === guest.root) expect(scripts).toHaveLength(written.length);
      for (const { path, bytes } of part.files) expect(bytes?.includes(13) ?? false, path).toBe(false);
    }
  });

  test('makes executable exactly what names an interpreter', async () => {
    const { root, initramfs } = await readGuest('amd64');
    for (const { path, mode, bytes } of [...root.files, ...initramfs.files]) {
      if (bytes === undefined) continue;
      const script = Buffer.from(bytes).toString('latin1').startsWith('#!/usr/bin/busybox sh\n');
      expect([path, mode.toString(8)]).toEqual([path, script ? '755' : '644']);
    }
  });

  test('takes something from each package, and from no other', async () => {
    for (const architecture of ['amd64', 'arm64'] as const) {
      const { root, initramfs } = await readGuest(architecture);
      const packages = new Set([...root.picks, ...initramfs.picks].map((pick) => pick.package));
      expect([...packages].sort()).toEqual([...GUEST_PACKAGES].sort());
    }
  });
});

describe('requireGuest()', () => {
  const here = sha256('here');

  test('takes what is here, also by a lock that has no digest', () => {
    expect(() => requireGuest({ version: GUEST_VERSION, digest: here }, here)).not.toThrow();
    expect(() => requireGuest({ version: GUEST_VERSION }, here)).not.toThrow();
  });

  test('names both where it is another', () => {
    expect(() => requireGuest({ version: GUEST_VERSION + 1 }, here)).toThrow(/has version \d+ .*; use the Ingot that/);
    expect(() => requireGuest({ version: 0 }, here)).toThrow(/version 0 .* has version \d+ .*; use .*, or move it/);
    expect(() => requireGuest({ version: GUEST_VERSION, digest: sha256('x') }, here)).toThrow(/, or move it/);
  });
});
