import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AUTHORITY_ONE } from '../format/pem.fixture.js';
import { hexOf, sha256 } from '../model/digest.js';
import { type LockedImage, lockDigest } from '../model/lock.js';
import { silent } from '../model/progress.js';
import { treeDigest } from '../model/tree.js';
import { settingsFrom } from '../settings.js';
import { buildPackage, mirrorIn } from '../source/debian/open.fixture.js';
import { FixtureBlobs, type FixtureDescriptor, writeLayout } from '../source/oci/image.fixture.js';
import { assemble } from './assemble.js';
import { exportInputs, importInputs } from './export.js';
import { lock } from './lock.js';
import { parse } from './parse.js';
import { attestationsOf } from './sbom.js';
import { openWorkshop, type Workshop } from './workshop.js';

const DOWNLOAD = 'fetched from elsewhere';

let folder: string;
let server: Server;
let workshops: Workshop[];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ingot-export-'));
  workshops = [];
  server = createServer((_, response) => response.end(DOWNLOAD));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
});
afterEach(async () => {
  for (const workshop of workshops) await workshop[Symbol.asyncDispose]();
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
  rmSync(folder, { recursive: true, force: true });
});

async function workshopIn(name: string, environment: Record<string, string> = {}): Promise<Workshop> {
  const directory = join(folder, name);
  mkdirSync(directory, { recursive: true });
  const settings = settingsFrom({ INGOT_CACHE: join(directory, '.cache'), HOME: directory, ...environment });
  const signal = new AbortController().signal;
  const workshop = await openWorkshop(settings, { directory, signal, progress: silent, now: () => new Date(0) });
  workshops.push(workshop);
  return workshop;
}

/** A machine that has all that an image is made of: each kind of reference, and each kind of file. */
async function home(): Promise<Workshop> {
  const mirror = mirrorIn(join(folder, 'home'));
  return workshopIn('home', { INGOT_DEBIAN_MIRROR: mirror.main, INGOT_DEBIAN_SECURITY_MIRROR: mirror.security });
}

async function locked(workshop: Workshop): Promise<LockedImage> {
  const { directory } = workshop;
  const blobs = new FixtureBlobs();
  const layers = [{ files: { init: 'init' } }, { files: { etc: null, 'etc/x': 'x' }, compression: 'zstd' as const }];
  const image = blobs.addImage({ layers, config: { Cmd: ['/init'] } });
  writeLayout(join(directory, 'images'), blobs, { web: blobs.addIndex([image, attestationOf(image, blobs)]) });
  mkdirSync(join(directory, 'root/sub'), { recursive: true });
  writeFileSync(join(directory, 'root/sub/file'), 'of a folder');
  writeFileSync(join(directory, 'a.txt'), 'a file');
  writeFileSync(join(directory, 'ca.pem'), AUTHORITY_ONE);
  const tool = buildPackage(directory, { name: 'tool', files: { 'usr/bin/tool': '#!/bin/sh\n' }, prepare: executable });
  const spec = {
    init: ['oci:images:web'],
    volumes: [
      { name: 'images', image: 'oci:images:web', format: 'oci' },
      { name: 'data', image: 'dir:root' },
    ],
    services: [{ name: 'web', image: 'deb:tool', command: ['tool'], binds: ['data:/data'] }],
    files: [
      { path: 'etc/a', source: 'a.txt' },
      {
        path: 'etc/b',
        source: {
          url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/b`,
          sha256: hexOf(sha256(DOWNLOAD)),
        },
      },
    ],
    ca: [{ source: 'ca.pem' }],
  };
  const pins = { 'deb:tool': { kind: 'debian' as const, suite: 'trixie', packages: [tool] } };
  const content = { platform: 'linux/amd64' as const, suite: 'trixie', recipe: 1, guest: null, pins };
  const file = { path: 'web.lock.json', command: 'ingot lock', content };
  return lock((await parse(spec, workshop)).spec, { file }, workshop);
}

/** What its maker says is in the image, as BuildKit puts it beside it. */
function attestationOf(image: FixtureDescriptor, blobs: FixtureBlobs): FixtureDescriptor {
  const statement = {
    ...blobs.add(Buffer.from('{"predicate":{}}'), 'application/vnd.in-toto+json'),
    annotations: { 'in-toto.io/predicate-type': 'https://spdx.dev/Document' },
  };
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const config = blobs.addJson({ rootfs: { type: 'layers' } }, 'application/vnd.oci.image.config.v1+json');
  const annotations = {
    'vnd.docker.reference.type': 'attestation-manifest',
    'vnd.docker.reference.digest': image.digest,
  };
  const manifest = blobs.addJson({ schemaVersion: 2, mediaType, config, layers: [statement] }, mediaType);
  return { ...manifest, platform: { os: 'unknown', architecture: 'unknown' }, annotations };
}

function executable(root: string): void {
  execFileSync('chmod', ['755', join(root, 'usr/bin/tool')]);
}

async function bytesOf(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

describe('exportInputs() and importInputs()', () => {
  test.each(['layout', 'archive.tar', 'archive.tar.gz'])(
    'carry all inputs of an image to a machine that has nothing, as %s',
    async (name) => {
      const here = await home();
      const image = await locked(here);
      const digest = treeDigest(await assemble(image, here));
      const exported = await exportInputs(image, here);
      const path = join(folder, name);
      if (name === 'layout') await exported.writeTo(path);
      else {
        const archive = await bytesOf(exported.tar());
        writeFileSync(path, name.endsWith('.gz') ? gzipSync(archive) : archive);
      }

      const there = await workshopIn('there', { INGOT_OFFLINE: 'true' });
      const imported = await importInputs(path, there);
      expect(lockDigest(imported)).toBe(exported.image);
      expect(treeDigest(await assemble({ lock: imported, sources: {} }, there))).toBe(digest);
      const said = await attestationsOf(image, here);
      expect(said.size).toBe(1);
      expect(await attestationsOf({ lock: imported, sources: {} }, there)).toEqual(said);
      // What was imported can be handed on.
      const again = await exportInputs({ lock: imported, sources: {} }, there);
      expect(again.files.map((file) => file.path)).toEqual(exported.files.map((file) => file.path));
    },
  );

  test('write the same bytes each time, which other tools take for an OCI layout', async () => {
    const here = await home();
    const image = await locked(here);
    const archive = await bytesOf((await exportInputs(image, here)).tar());
    expect((await bytesOf((await exportInputs(image, here)).tar())).equals(archive)).toBe(true);
    const listed = execFileSync('tar', ['-tf', '-'], { input: archive, encoding: 'utf8' }).trim().split('\n');
    expect(listed.slice(-2)).toEqual(['index.json', 'oci-layout']);
    await (await exportInputs(image, here)).writeTo(join(folder, 'layout'));
    const blobs = readdirSync(join(folder, 'layout/blobs/sha256'));
    for (const blob of blobs) {
      expect(sha256(readFileSync(join(folder, 'layout/blobs/sha256', blob)))).toBe(`sha256:${blob}`);
    }
    const { manifests } = JSON.parse(readFileSync(join(folder, 'layout/index.json'), 'utf8'));
    expect(manifests.map((one: { annotations: Record<string, string> }) => Object.values(one.annotations))).toEqual([
      [expect.stringMatching(/^ingot-[0-9a-f]{12}$/)],
      ['oci:images:web'],
    ]);
    expect(blobs).toContain(hexOf(lockDigest(image.lock)));
  });

  test('give an image that cannot be had any more by what is unpacked of it', async () => {
    const here = await home();
    const { lock: before, ...found } = await locked(here);
    const { volumes, ...spec } = before.spec;
    const pins = Object.fromEntries(Object.entries(before.pins).filter(([name]) => !name.startsWith('dir:')));
    const services = spec.services?.map(({ binds: _, ...service }) => service) ?? [];
    const image = { ...found, lock: { ...before, pins, spec: { ...spec, services } } };
    const digest = treeDigest(await assemble(image, here));
    rmSync(join(folder, 'home/images'), { recursive: true });
    await (await exportInputs(image, here)).writeTo(join(folder, 'layout'));
    const there = await workshopIn('there', { INGOT_OFFLINE: 'true' });
    const imported = await importInputs(join(folder, 'layout'), there);
    expect(treeDigest(await assemble({ lock: imported, sources: {} }, there))).toBe(digest);
    expect(volumes).toHaveLength(2);
  });

  test('refuse what is damaged, lacks something, or is something else', async () => {
    const here = await home();
    const exported = await exportInputs(await locked(here), here);
    const layout = join(folder, 'layout');
    await exported.writeTo(layout);
    await expect(exported.writeTo(layout)).rejects.toThrow(/it is there, and not empty/);
    const blobs = readdirSync(join(layout, 'blobs/sha256'));
    for (const [index, blob] of blobs.entries()) {
      const path = join(layout, 'blobs/sha256', blob);
      const bytes = readFileSync(path);
      const there = await workshopIn(`damaged-${index}`, { INGOT_OFFLINE: 'true' });
      const changed = Buffer.from(bytes);
      const at = changed.length >> 1;
      changed[at] = (changed[at] ?? 0) ^ 1;
      writeFileSync(path, changed);
      await expect(importInputs(layout, there), blob).rejects.toMatchObject({ name: 'SourceError' });
      rmSync(path);
      await expect(importInputs(layout, there), blob).rejects.toMatchObject({ code: 'not-found' });
      writeFileSync(path, bytes);
    }
    const there = await workshopIn('other');
    await expect(importInputs(join(folder, 'home/images'), there)).rejects.toThrow(/no inputs of an image/);
    await expect(importInputs('nowhere', there)).rejects.toMatchObject({ code: 'not-found' });
  });
});
