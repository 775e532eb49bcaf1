import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { check } from './index.js';

const IMAGE = { __provider: 'x', __type: 'Image', __urn: 'urn:pulumi:s::p::t::n', __secret: false };
const LOCK = { version: 1, platform: 'linux/amd64', suite: 'trixie', recipe: 1, guest: null, pins: {} };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ingot-image-'));
  vi.stubEnv('INGOT_CACHE', join(folder, 'cache'));
  vi.stubEnv('INGOT_OFFLINE', 'true');
  await mkdir(join(folder, 'root'));
  await writeFile(join(folder, 'root/file'), 'one');
  await writeFile(join(folder, 'web.yml'), 'init: ["dir:root"]\n');
  await lockFile(LOCK);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

const lockFile = (content: unknown) => writeFile(join(folder, 'web.lock.json'), JSON.stringify(content));
const checked = (inputs = {}, olds = {}) => check(olds, { ...IMAGE, spec: join(folder, 'web.yml'), ...inputs });

test('Image.check() follows the lock file beside its spec; the files of the user are what they are', async () => {
  const first = await checked();
  expect(first.failures).toBeUndefined();
  const again = await checked({}, first.inputs);
  expect(again.inputs).toEqual(first.inputs);
  await writeFile(join(folder, 'root/file'), 'two');
  const second = await checked({}, first.inputs);
  expect(second.failures).toBeUndefined();
  expect(second.inputs.digest).not.toBe(first.inputs.digest);
});

test('Image.check() fails with the place and the command where the lock file is stale', async () => {
  await lockFile({ ...LOCK, platform: 'linux/arm64' });
  const { failures } = await checked();
  expect(failures).toEqual([
    {
      property: '',
      reason: expect.stringMatching(
        /Cannot use \S+web.lock.json: it is for the platform linux\/arm64, and the spec for linux\/amd64; run `ingot lock \S+web.yml`/,
      ),
    },
  ]);
});

test('Image.check() refuses pins: "latest" beside a lock file, and says what to do', async () => {
  const { failures } = await checked({ pins: 'latest' });
  expect(failures?.[0]?.reason).toMatch(
    /^Cannot use pins: "latest": \S+ is there, .*run `ingot lock \S+ --update`, or remove/,
  );
});

test.each([
  ['platform', 'linux/arm64'],
  ['root', 'disk'],
])('Image.check() refuses another %s beside a lock file, and says what to do', async (property, value) => {
  const { failures } = await checked({ [property]: value });
  expect(failures?.[0]?.reason).toMatch(
    new RegExp(
      `^Cannot use ${property}: "${value}": \\S+ is there, .*; give a list of specs.*\`${property}: ${value}\``,
    ),
  );
});

test('Image.check() takes the platform in the place of what the spec says', async () => {
  const first = await checked();
  await lockFile({ ...LOCK, platform: 'linux/arm64' });
  const { inputs, failures } = await checked({ platform: 'linux/arm64' });
  expect(failures).toBeUndefined();
  expect(inputs.contents.runtime.platform).toBe('linux/arm64');
  expect(inputs.digest).not.toBe(first.inputs.digest);
});

test('Image.check() fails where the image has more than its budget', async () => {
  const { inputs, failures } = await checked({ budget: { rootSizeBytes: 2 } });
  expect(failures).toEqual([
    {
      property: '',
      reason: expect.stringMatching(
        /have 163 bytes, and rootSizeBytes allows 2 bytes; the largest parts are init \(160 bytes\), /,
      ),
    },
  ]);
  expect(inputs.digest).toMatch(/^sha256:/);
  expect((await checked({ budget: { rootSizeBytes: 163, packages: 0 } })).failures).toBeUndefined();
});
