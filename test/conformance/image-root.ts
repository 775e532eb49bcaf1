import type { Pin } from '../../provider/src/model/pin.js';
import type { TreeEntry } from '../../provider/src/model/tree.js';
import { open, type ResolveOptions, resolve } from '../../provider/src/source/transport.js';
import type { Store } from '../../provider/src/store/store.js';
import { imageRoot } from '../../provider/src/tree/image-root.js';
import { entriesOf } from '../../provider/src/tree/root.js';

/** The root of an image that lies in a folder, as Ingot reads it; all of it belongs to the component `x`. */
export async function readImage(
  reference: string,
  { folder, store }: { readonly folder: string; readonly store: Store },
): Promise<{ readonly pin: Pin; readonly entries: readonly TreeEntry[] }> {
  const options: ResolveOptions = {
    store,
    platform: 'linux/amd64',
    suite: 'trixie',
    mirrors: () => Promise.reject(new Error('no mirror is needed')),
    registries: () => Promise.reject(new Error('no registry is needed')),
    offline: true,
    directory: folder,
    now: () => new Date(0),
    signal: new AbortController().signal,
    progress: () => undefined,
    keep: [],
  };
  const pin = await resolve(reference, 'root', options);
  const { layers } = await open(pin, 'root', { ...options, reference });
  const read = (range: Parameters<Store['read']>[0]) => store.read(range);
  const { root } = await imageRoot(layers, { pin, component: 'x', mtimeSeconds: 0, read });
  return { pin, entries: entriesOf(root) };
}
