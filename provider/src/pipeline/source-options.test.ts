import { expect, test } from 'vitest';
import { silent } from '../model/progress.js';
import { settingsFrom } from '../settings.js';
import { sourceOptions } from './source-options.js';
import type { Workshop } from './workshop.js';

test('sourceOptions() looks up mirrors once, so that all that is fetched shares their connections', async () => {
  const settings = settingsFrom({ HOME: '/', INGOT_DEBIAN_MIRROR: 'http://127.0.0.1:9/debian' });
  const { signal } = new AbortController();
  const workshop = { settings, directory: '/', signal, progress: silent, now: () => new Date(0) };
  const { mirrors } = sourceOptions({ platform: 'linux/amd64', suite: 'trixie' }, workshop as unknown as Workshop);
  const found = await mirrors();
  expect(found).toMatchObject({ main: 'http://127.0.0.1:9/debian' });
  expect(await mirrors()).toBe(found);
});
