import type { Progress } from '../model/progress.js';
import type { Settings } from '../settings.js';
import type { RegistryClient } from '../source/registry/client.js';
import { Store } from '../store/store.js';

/** What the stages work with: the store, the settings, and what surrounds the call. */
export interface Workshop extends AsyncDisposable {
  readonly store: Store;
  readonly settings: Settings;
  /** Connections to registries, made when the first image is asked for. */
  readonly registries: () => Promise<RegistryClient>;
  /** Paths of the user are relative to this folder. */
  readonly directory: string;
  readonly signal: AbortSignal;
  readonly progress: Progress;
  readonly now: () => Date;
}

export async function openWorkshop(
  settings: Settings,
  surroundings: Pick<Workshop, 'directory' | 'signal' | 'progress' | 'now'>,
): Promise<Workshop> {
  const { limitOf } = await import('../store/size.js');
  const store = await Store.open(settings.cacheDirectory, {
    shared: settings.sharedCaches ?? [],
    maxBytes: limitOf(settings.cacheMaxSize),
    onDamage: (_, path) => surroundings.progress({ step: `making again what was damaged in the cache: ${path}` }),
  });
  let client: Promise<RegistryClient> | undefined;
  return {
    ...surroundings,
    store,
    settings,
    registries: () => {
      client ??= import('../source/registry/client.js').then(({ RegistryClient }) =>
        RegistryClient.open(settings.registries),
      );
      return client;
    },
    [Symbol.asyncDispose]: async () => {
      await (await client?.catch(() => undefined))?.close();
      await store.close();
    },
  };
}
