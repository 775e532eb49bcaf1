import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { unpinnedLock } from '../model/lock.js';
import { check, create, diff, read, update } from './index.js';
import { encodeLock } from './lock-text.js';
import { UNKNOWN } from './unknown.js';

const IMAGE = { __provider: 'x', __type: 'Image', __urn: 'urn:pulumi:s::p::t::n', __secret: false };

// Nothing of the user who runs the tests.
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ingot-handlers-'));
  vi.stubEnv('INGOT_CACHE', join(folder, 'cache'));
  vi.stubEnv('INGOT_STATE', join(folder, 'state'));
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

describe('the handlers', () => {
  test('check() refuses a state that a newer version wrote, naming both versions', async () => {
    await expect(check({ ...IMAGE, __version: 99 }, { ...IMAGE, spec: 'x.yml' })).rejects.toThrow(
      /version 99.*up to version 1/s,
    );
  });

  test('create() refuses a type that it does not know', async () => {
    await expect(create({ ...IMAGE, __type: 'aws.Moon' })).rejects.toThrow(/does not know it; install a newer/);
  });
});

describe('Image', () => {
  test('check() refuses a secret, and says where secrets go', async () => {
    const { failures } = await check({}, { ...IMAGE, __secret: true, spec: 'a: b\n' });
    expect(failures?.[0]?.reason).toMatch(/contains a secret.*give secrets to the machine/);
  });

  test('check() says that nothing is known, when a part of the spec is not', async () => {
    const { inputs, failures } = await check({}, { ...IMAGE, spec: { hostname: UNKNOWN } });
    expect(failures).toEqual([]);
    expect(inputs).toMatchObject({ digest: UNKNOWN, contents: UNKNOWN, __lock: UNKNOWN, spec: { hostname: UNKNOWN } });
  });

  test.each([
    [{ spec: 3 }, 'spec', 'must be the path of a YAML file'],
    [{}, 'spec', 'must be the path of a YAML file'],
    [{ spec: 'a.yml', pins: 'newest' }, 'pins', 'must be "keep" or "latest"'],
    [{ spec: 'a.yml', budget: { rootBytes: 3 } }, 'budget', 'rootBytes'],
    [{ spec: 'a.yml', platform: 'linux/386' }, 'platform', 'linux/amd64'],
    [{ spec: 'nowhere.yml' }, '', 'Cannot read the spec nowhere.yml: there is no such file'],
  ])('check() refuses %j', async (inputs, property, reason) => {
    const { failures } = await check({}, { ...IMAGE, ...inputs });
    expect(failures).toEqual([{ property, reason: expect.stringContaining(reason) }]);
  });

  test.each([{ spec: 'a.yml' }, { spec: UNKNOWN }])(
    'check() refuses a name that the SDK did not know, beside %j',
    async (inputs) => {
      const __misnamed = { names: ['budgte'], known: ['spec', 'budget'] };
      const { failures } = await check({}, { ...IMAGE, ...inputs, __misnamed });
      expect(failures).toEqual([{ property: '', reason: 'there is no argument "budgte"; did you mean budget?' }]);
    },
  );

  test('diff() sees no change where only the text of the lock differs', async () => {
    const olds = { ...IMAGE, spec: 'web.yml', digest: `sha256:${'0'.repeat(64)}`, __lock: 'a' };
    expect(await diff('id', olds, { ...olds, __lock: 'b' })).toEqual({ changes: false });
  });

  test('diff() sees a change of the budget', async () => {
    const olds = { ...IMAGE, spec: 'web.yml', digest: `sha256:${'0'.repeat(64)}` };
    expect(await diff('id', olds, { ...olds, budget: { packages: 3 } })).toEqual({});
  });

  test('diff() leaves the details to the engine where the digest differs', async () => {
    const olds = { ...IMAGE, spec: 'web.yml', digest: `sha256:${'0'.repeat(64)}` };
    expect(await diff('id', olds, { ...olds, digest: `sha256:${'1'.repeat(64)}` })).toEqual({});
  });

  test('create() gives the same id for the same resource', async () => {
    const [a, b] = [await create({ ...IMAGE }), await create({ ...IMAGE })];
    expect(a.id).toMatch(/^image-[0-9a-f]{12}$/);
    expect(b.id).toBe(a.id);
  });

  test('read() gives back the state', async () => {
    expect(await read('image-1', { ...IMAGE, digest: 'x' })).toMatchObject({ id: 'image-1', props: { digest: 'x' } });
  });
});

describe('local.Instance', () => {
  const INSTANCE = { ...IMAGE, __type: 'local.Instance', imageDigest: `sha256:${'0'.repeat(64)}` };

  test.each([
    [{ memoryMiB: 1 }, 'memoryMiB'],
    [{ cpus: 'two' }, 'cpus'],
    [{ ports: [{ host: 0, guest: 80 }] }, 'ports'],
    [{ health: { http: { port: 80, path: 'no-slash' } } }, 'health'],
    [{ imageDigest: 'sha256:short' }, 'imageDigest'],
  ])('check() refuses %j', async (inputs, property) => {
    const { failures } = await check({}, { ...INSTANCE, ...inputs });
    expect(failures?.map((failure) => failure.property)).toEqual([property]);
  });

  test('check() fills in the defaults, also where the image is not known yet', async () => {
    const { inputs } = await check({}, { ...INSTANCE, imageDigest: UNKNOWN, __lock: UNKNOWN });
    expect(inputs).toMatchObject({ memoryMiB: 512, cpus: 1, ports: [], drainSeconds: 10, imageDigest: UNKNOWN });
  });

  test('check() refuses less memory than the image needs to be unpacked', async () => {
    const lock = encodeLock({
      lock: { ...unpinnedLock({}), recipe: 1, pins: {}, files: {}, guest: null },
      sources: {},
    });
    const inputs = { ...INSTANCE, __lock: lock, __rootBytes: 300 * 2 ** 20 };
    const refused = await check({}, { ...inputs, memoryMiB: 512 });
    expect(refused.failures).toEqual([{ property: 'memoryMiB', reason: expect.stringContaining('at least 696') }]);
    expect((await check({}, { ...inputs, memoryMiB: 696 })).failures).toEqual([]);
  });

  test('diff() replaces the machine for another image, and records another time to drain', async () => {
    const olds = { ...INSTANCE, memoryMiB: 512, cpus: 1, ports: [], drainSeconds: 10 };
    expect(await diff('vm-1', olds, olds)).toEqual({ changes: false });
    expect(await diff('vm-1', olds, { ...olds, imageDigest: `sha256:${'1'.repeat(64)}` })).toEqual({
      replaces: ['imageDigest'],
    });
    expect(await diff('vm-1', olds, { ...olds, drainSeconds: 5 })).toEqual({});
  });
});

describe('BootTest', () => {
  const lock = encodeLock({ lock: { ...unpinnedLock({}), recipe: 1, pins: {}, files: {}, guest: null }, sources: {} });
  const TEST = { ...IMAGE, __type: 'BootTest', digest: `sha256:${'0'.repeat(64)}`, __lock: lock };

  test.each([
    [{ digest: 'sha256:short' }, 'digest', 'must be the digest of an ingot.Image'],
    [
      { probes: [{ http: { port: 80 }, tcp: { port: 80 } }] },
      'probes',
      'must have one of http, tcp, console, command and ready',
    ],
    [{ probes: [{ http: { port: 80, path: 'x' } }] }, 'probes', '[0].http.path: it must start with /'],
    [{ probes: [{ command: { run: [] } }] }, 'probes', '[0].command.run: must have a program'],
    [
      { probes: [{ ready: true }, { command: { run: ['x'] } }] },
      'probes',
      '[1].command: the image has an init of its own',
    ],
    [{ memoryMiB: 64, rootSizeBytes: 300 * 2 ** 20 }, 'memoryMiB', 'needs at least 696'],
  ])('check() refuses %j', async (inputs, property, reason) => {
    const { failures } = await check({}, { ...TEST, ...inputs });
    expect(failures).toEqual([{ property, reason: expect.stringContaining(reason) }]);
  });

  test('check() fills in the defaults, also where the image is not known yet', async () => {
    const { inputs } = await check({}, { ...TEST, digest: UNKNOWN, __lock: UNKNOWN });
    expect(inputs).toMatchObject({ memoryMiB: 512, cpus: 1, probes: [], timeoutSeconds: 60, digest: UNKNOWN });
  });

  test('check() refuses a command in a service that the image does not have', async () => {
    const image = unpinnedLock({ services: [{ name: 'web', image: 'deb:nginx' }] });
    const guest = { version: 2, pin: { kind: 'debian' as const, suite: 'trixie', packages: [] } };
    const __lock = encodeLock({ lock: { ...image, recipe: 2, pins: {}, files: {}, guest }, sources: {} });
    const commandIn = (service: string) => ({
      ...TEST,
      __lock,
      probes: [{ command: { run: ['nginx', '-t'], in: service } }],
    });
    const { failures } = await check({}, commandIn('wbe'));
    expect(failures).toEqual([
      { property: 'probes', reason: '[0].command: the image has no service wbe; did you mean web?' },
    ]);
    expect((await check({}, commandIn('web'))).failures).toEqual([]);
  });

  test('diff() sees a change where another image, or another question, is to pass', async () => {
    const { inputs: olds } = await check({}, TEST);
    expect(await diff('id', olds, { ...olds, __lock: 'other text' })).toEqual({ changes: false });
    expect(await diff('id', olds, { ...olds, digest: `sha256:${'1'.repeat(64)}` })).toEqual({});
    expect(await diff('id', olds, { ...olds, probes: [{ ready: true }] })).toEqual({});
    expect(await diff('id', olds, { ...olds, probes: [{ command: { run: ['true'] } }] })).toEqual({});
  });

  test('update() does not boot an image again that has passed', async () => {
    const { inputs } = await check({}, TEST);
    const olds = { ...inputs, accelerator: 'tcg', bootSeconds: { healthy: 6 } };
    const { outs } = await update('id', olds, { ...inputs, timeoutSeconds: 90 });
    expect(outs).toMatchObject({ timeoutSeconds: 90, accelerator: 'tcg', bootSeconds: { healthy: 6 } });
  });

  test('update() judges what was measured by another budget, unless it was emulation', async () => {
    const { inputs } = await check({}, { ...TEST, budget: { bootSeconds: { healthy: 5 } } });
    expect(await diff('id', TEST, inputs)).toEqual({});
    const olds = { ...inputs, accelerator: 'kvm', bootSeconds: { healthy: 6 } };
    await expect(update('id', olds, inputs)).rejects.toThrow(
      /healthy came after 6 s, and budget.bootSeconds allows 5 s/,
    );
    const { outs } = await update('id', { ...olds, accelerator: 'tcg' }, inputs);
    expect(outs).toMatchObject({ accelerator: 'tcg' });
  });
});
