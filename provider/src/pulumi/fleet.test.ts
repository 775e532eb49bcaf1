import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { settingsFrom } from '../settings.js';
import { fleet } from './fleet.js';
import type { Operation } from './handler.js';
import type { Properties } from './state.js';
import { UNKNOWN } from './unknown.js';

let folder: string;
let operation: Operation;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ingot-fleet-'));
  operation = {
    ...{ urn: 'urn:pulumi:test::project::ingot:local.Fleet::web', directory: folder },
    settings: settingsFrom({ ...process.env, INGOT_STATE: folder }, {}),
    ...{ signal: new AbortController().signal, progress: () => {}, now: () => new Date(0) },
  };
});
afterAll(() => rmSync(folder, { recursive: true }));

const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;
const given = { imageDigest: digest('a'), __lock: UNKNOWN, count: 3 };
const check = (more: Properties = {}) => fleet.check({}, { ...given, ...more }, operation);

describe('local.Fleet', () => {
  test('check() fills in what is not given', async () => {
    expect(await check()).toMatchObject({
      inputs: {
        ...{ count: 3, memoryMiB: 512, cpus: 1, drainSeconds: 10, ports: [], endpoints: [], retry: false },
        strategy: { surge: 1, unavailable: 0, canary: 0, bakeSeconds: 0, rollback: true, maxFailures: 0 },
      },
    });
  });

  test.each<[string, Properties, string, RegExp]>([
    ['a share that is none', { strategy: { surge: '120%' } }, 'strategy', /surge: /],
    ['an unknown option', { strategy: { canaries: 1 } }, 'strategy', /canaries/],
    ['a negative number', { count: -1 }, 'count', /0 or more/],
    ['more than this host has memory for', { count: 1000, memoryMiB: 2048 }, 'count', /1000 machines need 2048000 MiB/],
    [
      'a health check of a port that is not published',
      { health: { http: { port: 80 } } },
      'health.http.port',
      /is not published/,
    ],
  ])('check() refuses %s', async (_what, more, property, reason) => {
    const { failures = [] } = await check(more);
    expect(failures).toEqual([{ property, reason: expect.stringMatching(reason) }]);
  });

  test('check() says nothing of what is not known yet', async () => {
    const { failures = [] } = await check({ count: UNKNOWN, imageDigest: UNKNOWN });
    expect(failures).toEqual([]);
  });

  test('create() that is cancelled before there is a machine leaves nothing', async () => {
    const { inputs } = await check();
    const cancelled = { ...operation, signal: AbortSignal.abort(new Error('Cancelled')) };
    await expect(fleet.create(inputs, cancelled)).rejects.toThrow(/Cannot roll the fleet: it was cancelled/);
    expect(readdirSync(join(folder, 'fleets'))).toEqual([]);
  });

  const outputs = async (more: Properties = {}): Promise<Properties> => {
    const { inputs } = await check();
    const machines = ['1', '2', '3'].map((id) => ({ id, version: 'v' }));
    return { ...(inputs as Properties), version: 'v', machines, rejected: [], ...more };
  };

  test('diff() finds none where all is as it was', async () => {
    const { inputs } = await check();
    expect(await fleet.diff('fleet-1', await outputs(), inputs as Properties)).toEqual({ changes: false });
  });

  test.each<[string, Properties]>([
    ['a machine is gone', { machines: [{ id: '1', version: 'v' }] }],
    ['a machine is of something else', { machines: ['v', 'v', 'w'].map((version) => ({ id: version, version })) }],
    ['it was never finished', { version: undefined }],
  ])('diff() finds a change where %s, though the program is the same', async (_what, more) => {
    const { inputs } = await check();
    expect(await fleet.diff('fleet-1', await outputs(more), inputs as Properties)).toEqual({ changes: true });
  });

  test.each<[string, Properties]>([
    ['image', { imageDigest: digest('b') }],
    ['number', { count: 4 }],
    ['strategy', { strategy: { surge: 2 } }],
    ['wish to try again', { retry: true }],
  ])('diff() leaves it to the engine to show another %s, and never replaces', async (_what, more) => {
    const { inputs } = await check(more);
    expect(await fleet.diff('fleet-1', await outputs(), inputs as Properties)).toEqual({});
  });
});
