import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { check, diff, read } from '../../provider/src/pulumi/index.js';

/** One resource as the engine stored it. */
interface Recorded {
  readonly id: string;
  readonly inputs: Record<string, unknown>;
  readonly outputs: Record<string, unknown>;
}

/** What `check` adds; a program does not give it. */
const COMPUTED = ['digest', 'contents', 'kernel', 'commandLine', 'rootSizeBytes', 'endpoints', 'url', '__version'];

/**
 * States that earlier versions wrote, one folder per shape. Today's handlers must read each without a change: people
 * upgrade Ingot without a machine being replaced. Never edit a recorded state; add a folder.
 */
describe('a state of shape v1', () => {
  const recorded = recordedIn('v1');
  const folder = resolve(__dirname, 'v1');

  test('every recorded resource is one of those below', async () => {
    const names = (await readdir(folder)).filter((name) => name.endsWith('.json')).sort();
    expect(names).toEqual(['Image.json', 'local.Instance.json']);
  });

  test('check() and diff() of its Image find no change, with an empty cache and without network', async () => {
    const { id, inputs, outputs } = await recorded('Image');
    const given = Object.fromEntries(
      Object.entries(inputs).filter(([key]) => !COMPUTED.includes(key) && key !== '__lock'),
    );
    const { inputs: checked, failures } = await check(inputs, given);
    expect(failures ?? []).toEqual([]);
    expect(checked).toEqual(inputs);
    expect(await diff(id, outputs, checked as Record<string, unknown>)).toEqual({ changes: false });
  });

  test('check() and diff() of its Instance find no change', async () => {
    const { id, inputs, outputs } = await recorded('local.Instance');
    const given = Object.fromEntries(Object.entries(inputs).filter(([key]) => !COMPUTED.includes(key)));
    const { inputs: checked, failures } = await check(inputs, given);
    expect(failures ?? []).toEqual([]);
    expect(checked).toEqual(inputs);
    expect(await diff(id, outputs, checked as Record<string, unknown>)).toEqual({ changes: false });
  });

  test('read() of its Instance, whose machine is not on this host, says that it is gone', async () => {
    const { id, outputs } = await recorded('local.Instance');
    expect(await read(id, outputs)).toEqual({});
  });
});

/** One of each resource that came after `v1`, and an Image and a local.Instance with the inputs that did. */
const SECOND = ['BootTest', 'Image', 'local.Disk', 'local.Fleet', 'local.ImageFile', 'local.Instance'];

describe('a state of shape v2', () => {
  const recorded = recordedIn('v2');

  test('every recorded resource is one of those below', async () => {
    const names = await readdir(resolve(__dirname, 'v2'));
    expect(names.filter((name) => name.endsWith('.json')).sort()).toEqual(SECOND.map((name) => `${name}.json`));
  });

  test.each(SECOND)(
    'check() and diff() of its %s find no change, with an empty cache and without network',
    async (name) => {
      const { id, inputs, outputs } = await recorded(name);
      const { inputs: checked, failures } = await check(inputs, inputs);
      expect(failures ?? []).toEqual([]);
      expect(checked).toEqual(inputs);
      expect(await diff(id, outputs, checked as Record<string, unknown>)).toEqual({ changes: false });
    },
  );
});

/** Lets the tests around it run in the folder of the program, on a host that has nothing and reaches nobody. */
function recordedIn(shape: string): (name: string) => Promise<Recorded> {
  const folder = resolve(__dirname, shape);
  const before = { directory: process.cwd(), environment: { ...process.env } };
  let work: string;

  beforeAll(async () => {
    work = await mkdtemp(join(tmpdir(), 'ingot-state-'));
    await cp(join(folder, 'program'), work, { recursive: true });
    process.chdir(work);
    // Nothing may be needed to find out that nothing changes.
    Object.assign(process.env, { INGOT_CACHE: join(work, '.cache'), INGOT_STATE: join(work, '.state') });
    Object.assign(process.env, { INGOT_OFFLINE: 'true', INGOT_DEBIAN_MIRROR: 'http://127.0.0.1:9/debian' });
  });
  afterAll(async () => {
    process.chdir(before.directory);
    process.env = before.environment;
    await rm(work, { recursive: true, force: true });
  });
  return async (name) => JSON.parse(await readFile(join(folder, `${name}.json`), 'utf8')) as Recorded;
}
