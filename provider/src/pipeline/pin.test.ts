import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { silent } from '../model/progress.js';
import { settingsFrom } from '../settings.js';
import type { LockFileContent } from '../source/lock-file/content.js';
import { debianPin, imagePin } from '../source/lock-file/testing.fixture.js';
import { pin } from './pin.js';
import { openWorkshop, type Workshop } from './workshop.js';

const INIT = 'registry.example/init:1';

describe('pin()', () => {
  let folder: string;
  let workshop: Workshop;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ingot-pin-'));
    const environment = {
      ...{ HOME: folder, INGOT_CACHE: join(folder, 'cache'), INGOT_OFFLINE: 'true' },
      INGOT_DEBIAN_MIRROR: 'http://127.0.0.1:9/debian',
    };
    const { signal } = new AbortController();
    const now = () => new Date('2026-11-22T18:00:00Z');
    workshop = await openWorkshop(settingsFrom(environment), { directory: folder, signal, progress: silent, now });
  });
  afterEach(async () => {
    await workshop[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  const old: LockFileContent = {
    ...{ platform: 'linux/amd64', suite: 'trixie', recipe: 1, guest: null },
    pins: { [INIT]: imagePin('init'), 'deb:web': debianPin('web=1') },
  };
  const pinned = (spec: Parameters<typeof pin>[0]) =>
    pin(spec, { old, guestHere: undefined, packageFiles: new Map() }, workshop);

  test('keeps the pins of images when the suite of packages changes', async () => {
    const { pins } = await pinned({ init: [INIT], debian: { suite: 'forky' } });
    expect(pins).toEqual({ [INIT]: imagePin('init') });
  });

  test('asks for packages of the new suite, and for images of another platform', async () => {
    const services = [{ name: 'web', image: 'deb:web' }];
    expect((await pinned({ init: [INIT], services })).pins).toEqual(old.pins);
    const offline = { code: 'unreachable' };
    await expect(pinned({ init: [INIT], services, debian: { suite: 'forky' } })).rejects.toMatchObject(offline);
    await expect(pinned({ init: [INIT], platform: 'linux/arm64' })).rejects.toMatchObject(offline);
  });
});
