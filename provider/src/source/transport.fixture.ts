import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Opened } from '../model/layer.js';
import { Pin } from '../model/pin.js';
import { Store } from '../store/store.js';
import { SourceError } from './error.js';
import { open, type ResolveOptions, resolve } from './transport.js';

/** What a transport is tested with. */
export interface TransportCase {
  /** Makes something that can be referred to, in a folder, and returns the reference, relative to the folder. */
  readonly make: (folder: string) => Promise<string> | string;
  /** Some paths that must be in it. */
  readonly paths: readonly string[];
  /** Changes a byte of the content where it lies, so that sizes stay the same. */
  readonly damage: (folder: string) => Promise<void> | void;
  /** Takes the source away. */
  readonly remove: (folder: string) => Promise<void> | void;
  /** A reference to something that is not there, in the same folder. */
  readonly unknown: string | (() => string);
  /** What the error for it says. */
  readonly unknownMessage: RegExp;
  /** Ends what `make` has started. */
  readonly end?: () => Promise<void>;
  /** Further options, such as where a registry is. */
  readonly options?: (folder: string) => Partial<ResolveOptions>;
}

/** What every transport must do. Call it in a test file of the transport. */
export function transportContract(name: string, transport: TransportCase): void {
  describe(`the transport ${name}`, () => {
    let folder: string;
    let stores: Store[];
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'ingot-transport-'));
      stores = [];
    });
    afterEach(async () => {
      for (const store of stores) await store.close();
      await transport.end?.();
      rmSync(folder, { recursive: true, force: true });
    });

    const options = async (cache: string, rest: Partial<ResolveOptions> = {}): Promise<ResolveOptions> => {
      const store = await Store.open(join(folder, `cache-${cache}`));
      stores.push(store);
      return {
        store,
        platform: 'linux/amd64',
        suite: 'trixie',
        mirrors: () => Promise.reject(new Error('no mirror is needed')),
        registries: () => Promise.reject(new Error('no registry is needed')),
        offline: false,
        directory: folder,
        now: () => new Date(0),
        signal: new AbortController().signal,
        progress: () => undefined,
        keep: [],
        ...transport.options?.(folder),
        ...rest,
      };
    };
    const seen = ({ layers, image }: Opened) => ({ layers, image });

    test('resolves to a pin that is all data, and opens it', async () => {
      const reference = await transport.make(folder);
      const setting = await options('a');
      const pin = await resolve(reference, 'root', setting);
      expect(Pin.parse(JSON.parse(JSON.stringify(pin)))).toEqual(pin);
      expect(JSON.stringify(pin)).not.toContain(folder);
      const opened = await open(pin, 'root', { ...setting, reference });
      const paths = opened.layers.flatMap(({ entries }) => entries.map(({ path }) => path));
      expect(paths).toEqual(expect.arrayContaining([...transport.paths]));
    });

    test('resolves to the same pin again, with another cache and in another place', async () => {
      const reference = await transport.make(folder);
      const first = await resolve(reference, 'root', await options('a'));
      expect(await resolve(reference, 'root', await options('b'))).toEqual(first);
    });

    test('opens from the cache alone once it was opened', async () => {
      const reference = await transport.make(folder);
      const setting = await options('a');
      const pin = await resolve(reference, 'root', setting);
      const first = await open(pin, 'root', { ...setting, reference });
      await transport.remove(folder);
      const again = await open(pin, 'root', { ...setting, reference, offline: true });
      expect(seen(again)).toEqual(seen(first));
    });

    test('opens a pin with an empty cache where the source is there', async () => {
      const reference = await transport.make(folder);
      const setting = await options('a');
      const pin = await resolve(reference, 'root', setting);
      const first = await open(pin, 'root', { ...setting, reference });
      const fresh = await options('b');
      expect(seen(await open(pin, 'root', { ...fresh, reference }))).toEqual(seen(first));
    });

    test('refuses content in which a byte was changed', async () => {
      const reference = await transport.make(folder);
      const pin = await resolve(reference, 'root', await options('a'));
      await transport.damage(folder);
      const opening = open(pin, 'root', { ...(await options('b')), reference });
      await expect(opening).rejects.toThrow(SourceError);
      await expect(opening).rejects.toMatchObject({
        code: expect.stringMatching(/^(digest-mismatch|size-mismatch|malformed|changed)$/),
      });
    });

    test('names what it does not find, and where that stands', async () => {
      await transport.make(folder);
      const { unknown, unknownMessage } = transport;
      const reference = typeof unknown === 'string' ? unknown : unknown();
      const resolving = resolve(reference, 'root', { ...(await options('a')), property: 'init[0]' });
      await expect(resolving).rejects.toThrow(unknownMessage);
      await expect(resolving).rejects.toMatchObject({ context: { property: 'init[0]' } });
    });

    test('stops when it is told to', async () => {
      const reference = await transport.make(folder);
      const pin = await resolve(reference, 'root', await options('a'));
      const setting = await options('b', { signal: AbortSignal.abort(new Error('told to')) });
      await expect(open(pin, 'root', { ...setting, reference })).rejects.toThrow(/told to|aborted/);
    });
  });
}
