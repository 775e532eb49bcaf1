import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { BootFailure } from './boot.js';
import type { MachinePlan } from './command-line.js';
import { LaunchFailure, launch } from './launch.js';
import { identityOf } from './process-identity.js';

vi.mock('./process-identity.js', async (importOriginal) => {
  const real = await importOriginal<typeof import('./process-identity.js')>();
  return { ...real, identityOf: vi.fn(real.identityOf) };
});

const PLAN: MachinePlan = {
  ...{
    id: 'vm-000000000000',
    uuid: '5a1c2f66-8f4e-4a9e-9d0b-0f4b1a1e7c11',
    platform: 'linux/amd64',
    accelerator: 'tcg',
  },
  ...{ machine: { memoryMiB: 64, cpus: 1 }, boot: [], commands: false, forwards: [], sandbox: false },
};

describe('launch()', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ingot-launch-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function launched(script: string): Promise<unknown> {
    const qemu = join(folder, 'qemu');
    await writeFile(qemu, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return launch(qemu, PLAN, { folder, signal: new AbortController().signal, found: async () => {} }).catch(
      (error: unknown) => error,
    );
  }

  test('says what QEMU says, when that ends at once', async () => {
    const error = await launched('echo "no such machine" >&2; exit 1');
    expect(error).toBeInstanceOf(LaunchFailure);
    expect(error).toMatchObject({ message: 'no such machine' });
  });

  test('says that the machine died, when QEMU is killed before it answers', async () => {
    const error = await launched('echo "a warning" >&2; kill -KILL $$');
    expect(error).toBeInstanceOf(BootFailure);
    expect(error).toMatchObject({ code: 'died', message: 'it ended by itself (QEMU: signal SIGKILL)' });
  });

  test('says that the machine died, when its guest ends it before anybody could look at it', async () => {
    vi.mocked(identityOf).mockResolvedValueOnce(undefined);
    const error = await launched('exit 0');
    expect(error).toBeInstanceOf(BootFailure);
    expect(error).toMatchObject({ code: 'died', message: 'it ended by itself (QEMU: exit status 0)' });
  });
});
