import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RECIPE } from '../model/lock.js';
import type { Pin } from '../model/pin.js';
import { silent } from '../model/progress.js';
import { settingsFrom } from '../settings.js';
import { formatLockFile } from '../source/lock-file/content.js';
import { lint } from './lint.js';
import { openWorkshop, type Workshop } from './workshop.js';

let folder: string;
let workshop: Workshop;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ingot-lint-'));
  workshop = await openWorkshop(settingsFrom({ INGOT_CACHE: join(folder, 'cache'), INGOT_OFFLINE: 'true' }), {
    directory: folder,
    signal: new AbortController().signal,
    progress: silent,
    now: () => new Date(0),
  });
  writeFileSync(join(folder, 'web.yml'), 'init: ["deb:busybox"]\nservices:\n  - name: web\n    image: deb:nginx\n');
});
afterEach(async () => {
  await workshop[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

function writeLock(...references: readonly string[]): void {
  const pins: [string, Pin][] = references.map((text) => [text, { kind: 'debian', suite: 'trixie', packages: [] }]);
  const content = { platform: 'linux/amd64', suite: 'trixie', recipe: RECIPE, guest: null } as const;
  writeFileSync(join(folder, 'web.lock.json'), formatLockFile({ ...content, pins: Object.fromEntries(pins) }));
}

test('lint() finds nothing where there is no lock file, or one that fits', async () => {
  await expect(lint(['web.yml'], workshop)).resolves.toBeUndefined();
  writeLock('deb:busybox', 'deb:nginx');
  await expect(lint(['web.yml'], workshop)).resolves.toBeUndefined();
});

test('lint() tells each reason why the lock file is stale at its place, in the spec or in the file', async () => {
  writeLock('deb:busybox', 'deb:apache2');
  await expect(lint(['web.yml'], workshop)).rejects.toMatchObject({
    name: 'SpecError',
    message: [
      'web.yml:4:12: web.lock.json is stale: it does not pin deb:nginx; run `ingot lock web.yml`',
      '  4 |     image: deb:nginx',
      '    |            ^^^^^^^^^',
      'web.lock.json:8: the lock file is stale: it pins deb:apache2, which the spec does not name; run `ingot lock web.yml`',
    ].join('\n'),
  });
});

test('lint() tells what is wrong with the spec first, and of a lock file that cannot be read', async () => {
  writeLock();
  writeFileSync(join(folder, 'web.yml'), 'inti: []\n');
  await expect(lint(['web.yml'], workshop)).rejects.toThrow(/^web.yml:1:1: unknown key "inti".*did you mean "init"\?/);
  writeFileSync(join(folder, 'web.yml'), 'init: []\n');
  writeFileSync(join(folder, 'web.lock.json'), '{\n<<<<<<< a\n');
  await expect(lint(['web.yml'], workshop)).rejects.toThrow('Cannot read web.lock.json:2: there are conflicts');
});
