import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, type TestContext, test } from 'vitest';
import type { DebianPin } from '../../model/pin.js';
import { silent } from '../../model/progress.js';
import { Store } from '../../store/store.js';
import type { SourceError } from '../error.js';
import { findMirrors, type Mirrors } from './mirrors.js';
import { requestText } from './release-request.js';
import { type ResolveOptions, resolvePackages } from './resolve.js';

/** Codes of what may befall any network, at any time. */
const OUTAGES: ReadonlySet<string> = new Set(['unreachable', 'timeout', 'rate-limited', 'bad-answer']);

/** The mirror that this host's apt uses, or why it cannot be used. */
async function findReal(): Promise<{ mirrors?: Mirrors; reason?: string }> {
  const configured = {
    ...(process.env.INGOT_DEBIAN_MIRROR ? { main: process.env.INGOT_DEBIAN_MIRROR } : {}),
    ...(process.env.INGOT_DEBIAN_SECURITY_MIRROR ? { security: process.env.INGOT_DEBIAN_SECURITY_MIRROR } : {}),
  };
  try {
    const mirrors = await findMirrors({ configured });
    const url = new URL(`${mirrors.main}/dists/trixie/InRelease`);
    const patience = { attempts: 2, firstDelayMs: 500, silenceMs: 20_000, timeoutMs: 60_000 };
    await requestText(url, { signal: new AbortController().signal, maxBytes: 8 << 20, patience });
    return { mirrors };
  } catch (error) {
    return { reason: `no mirror of Debian: ${(error as Error).message.slice(0, 200)}` };
  }
}

describe('resolvePackages() with the mirror of this host', () => {
  let mirrors: Mirrors | undefined;
  let reason: string | undefined;
  beforeAll(async () => {
    ({ mirrors, reason } = await findReal());
  });
  beforeEach((context) => {
    if (reason !== undefined) context.skip(reason);
  });
  let directory: string;
  let store: Store;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'ingot-real-'));
    store = await Store.open(join(directory, 'store'));
  });
  afterAll(async () => {
    await store.close();
    await rm(directory, { recursive: true, force: true });
  });

  async function resolve(
    context: TestContext,
    name: string,
    changes: Partial<ResolveOptions> = {},
  ): Promise<DebianPin> {
    const options = {
      ...{ store, suite: 'trixie', architecture: 'amd64' as const, now: new Date(), progress: silent },
      ...{ mirrors: mirrors ?? { main: '', security: '' }, signal: new AbortController().signal, ...changes },
    };
    return resolvePackages([name], options).catch((error: SourceError) => {
      if (changes.offline !== true && OUTAGES.has(error.code))
        context.skip(`the mirror of Debian has gone meanwhile: ${error.message}`);
      throw error;
    });
  }
  const namesOf = ({ packages }: DebianPin): string[] => packages.map(({ name }) => name);

  test('verifies the suite by the keys of Debian, and resolves packages', async (context) => {
    const lighttpd = await resolve(context, 'lighttpd');
    expect(namesOf(lighttpd)).toEqual(expect.arrayContaining(['libc6', 'libpcre2-8-0', 'lighttpd']));
    expect(lighttpd.packages.every(({ path }) => path.startsWith('pool/'))).toBe(true);
    expect(namesOf(await resolve(context, 'crun', { offline: true }))).toEqual(
      expect.arrayContaining(['crun', 'libc6', 'libseccomp2']),
    );
    const keep = lighttpd.packages;
    expect(await resolve(context, 'lighttpd', { keep, offline: true })).toEqual(lighttpd);
  });

  test('resolves a kernel without what only its scripts need', async (context) => {
    const follow = (name: string): boolean => name.startsWith('linux-image-');
    const kernel = namesOf(await resolve(context, 'linux-image-cloud-amd64', { follow }));
    expect(kernel).toEqual([expect.stringMatching(/^linux-image-\d.*-cloud-amd64$/), 'linux-image-cloud-amd64']);
  });
});
