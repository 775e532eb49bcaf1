import type { Layer } from '../../model/layer.js';
import type { DebianPin, PinnedPackage } from '../../model/pin.js';
import { putTar, recallLayer, rememberLayer } from '../../store/layers.js';
import { SourceError } from '../error.js';
import { nameOf } from './fetch.js';
import { convertKernel } from './kernel-convert.js';
import { explain, type OpenOptions, openPackage } from './open.js';

/** Raised whenever the same package gives another layer. */
const CONVERTER_VERSION = 1;

/**
 * The kernel among pinned packages as a layer: `boot/kernel`, and below `usr/lib/modules/<release>` its modules,
 * decompressed, with `modules.builtin`, `modules.order` and the text indexes of depmod(8). Made once, then remembered.
 * @throws {SourceError} `no-kernel` when none of the packages has one; and as openPackage() does.
 */
export async function openKernel(pin: DebianPin, options: OpenOptions): Promise<Layer> {
  const candidates = pin.packages.filter(({ name }) => name.startsWith('linux-image-'));
  // The largest first: others only depend on it.
  for (const pinned of candidates.sort((left, right) => right.sizeBytes - left.sizeBytes)) {
    // Ubuntu's modules are in a package of their own.
    const modules = pin.packages.find(({ name }) => name === pinned.name.replace('linux-image-', 'linux-modules-'));
    const layer = await openKernelPackage({ pinned, modules }, options);
    if (layer !== undefined) return { ...layer, package: { name: pinned.name, version: pinned.version } };
  }
  const names = pin.packages.map(({ name }) => name).join(', ');
  throw new SourceError(
    'no-kernel',
    `Cannot open the kernel: no boot/vmlinuz-* in any linux-image package among ${names}; name one, such as linux-image-cloud-amd64`,
  );
}

async function openKernelPackage(
  { pinned, modules }: { readonly pinned: PinnedPackage; readonly modules: PinnedPackage | undefined },
  options: OpenOptions,
): Promise<Layer | undefined> {
  const { store, signal, progress } = options;
  const key = `debian kernel ${CONVERTER_VERSION} ${pinned.digest}${modules ? ` ${modules.digest}` : ''}`;
  const known = await recallLayer(store, key);
  if (known !== undefined) return known;
  const image = await openPackage(pinned, options);
  if (!image.entries.some((entry) => isKernel(entry.path))) return undefined;
  const others = modules ? (await openPackage(modules, options)).entries : [];
  const source = { ...image, entries: [...image.entries, ...others] };
  return await explain(pinned, async () => {
    const tar = convertKernel(source, { store, signal, progress, name: nameOf(pinned) });
    const layer = await putTar(store, tar, { signal });
    await rememberLayer(store, key, layer);
    return layer;
  });
}

function isKernel(path: string): boolean {
  return path.startsWith('boot/vmlinuz-');
}
