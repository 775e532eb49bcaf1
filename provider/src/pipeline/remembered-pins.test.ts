import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sha256 } from '../model/digest.js';
import type { DebianPin } from '../model/pin.js';
import type { PackageFile } from '../source/debian/package-file.js';
import { debianPin } from '../source/lock-file/testing.fixture.js';
import { Store } from '../store/store.js';
import { rememberedPins } from './remembered-pins.js';

const REFERENCE = 'deb:my.deb,web';
const BEGIN = Date.UTC(2026, 10, 22, 18);

describe('rememberedPins()', () => {
  let folder: string;
  let store: Store;
  let resolved: number;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ingot-remembered-'));
    store = await Store.open(folder);
    resolved = 0;
  });
  afterEach(async () => {
    await store[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  /** The package of the user in the pins, where the file holds that content and has those needs. */
  async function pinned({ content = 'one', needs = 'nothing', name = 'spec', afterSeconds = 0 } = {}) {
    const entry = {
      ...{ name: 'my', version: `1.0-${content}`, architecture: 'amd64', path: 'my.deb', sizeBytes: content.length },
      ...{ digest: sha256(content), relations: sha256(needs) },
    };
    const packageFiles = new Map([['my.deb', { fileName: 'my.deb', entry } as unknown as PackageFile]]);
    const now = () => new Date(BEGIN + afterSeconds * 1000);
    const { pins } = await rememberedPins({ name, packageFiles }, { store, now }, async () => {
      resolved += 1;
      const web = debianPin(`web=${resolved}`);
      const { version, architecture, path, sizeBytes, digest, relations } = entry;
      const my = { name: 'my', archive: 'local', version, architecture, path, sizeBytes, digest, relations };
      return { pins: { [REFERENCE]: { ...web, packages: [my, ...web.packages] } as DebianPin }, guest: null };
    });
    const { packages } = pins[REFERENCE] as DebianPin;
    return packages.map(({ name: one, version }) => `${one}=${version}`);
  }

  test('gives what was resolved under the name for an hour, and then resolves again', async () => {
    expect(await pinned()).toEqual(['my=1.0-one', 'web=1']);
    expect(await pinned({ afterSeconds: 3599 })).toEqual(['my=1.0-one', 'web=1']);
    expect(await pinned({ name: 'another spec' })).toEqual(['my=1.0-one', 'web=2']);
    expect(await pinned({ afterSeconds: 3600 })).toEqual(['my=1.0-one', 'web=3']);
  });

  test('takes a package file as it is now, and moves nothing else, when it was built again', async () => {
    await pinned();
    expect(await pinned({ content: 'two' })).toEqual(['my=1.0-two', 'web=1']);
    expect(await pinned()).toEqual(['my=1.0-one', 'web=1']);
  });

  test('resolves again, when a package file needs others than before', async () => {
    await pinned();
    expect(await pinned({ content: 'two', needs: 'another' })).toEqual(['my=1.0-two', 'web=2']);
  });
});
