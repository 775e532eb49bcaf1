import { FormatError } from '../../format/error.js';
import { mapInOrder } from '../../format/map-in-order.js';
import type { Layer } from '../../model/layer.js';
import type { DebianPin, PinnedPackage } from '../../model/pin.js';
import { putTar, recallLayer, rememberLayer } from '../../store/layers.js';
import { SourceError, type SourceErrorCode } from '../error.js';
import { type FetchOptions, fetchPackage, nameOf } from './fetch.js';
import { type PackageControl, readControlTar, recallControl, rememberControl } from './open-control.js';
import { readDeb, unpack } from './open-deb.js';

export type OpenOptions = FetchOptions;

/** The largest packages unpack to 5 GB of debug symbols; a gigabyte is much for anything that goes into an image. */
const MAX_DATA_BYTES = 8 * 2 ** 30;
/** Two decompress while others are fetched. */
const PACKAGES_IN_FLIGHT = 4;

/**
 * The files of a pinned package as a layer: its data.tar, uncompressed, in the store. Once that was done, opening reads
 * neither the package nor the network. Nothing of the package is run.
 * @throws {SourceError} as fetchPackage() does; `malformed` and `unsupported` for packages that cannot be read.
 * @throws {StoreError}
 */
export async function openPackage(pinned: PinnedPackage, options: OpenOptions): Promise<Layer> {
  const { store, signal, progress } = options;
  const known = await recallLayer(store, layerKey(pinned));
  if (known !== undefined) return { ...known, package: namedWith(pinned, await knownControl(pinned, options)) };
  const deb = await fetchPackage(pinned, options);
  progress({ step: `unpacking ${nameOf(pinned)}` });
  return await explain(pinned, async () => {
    const members = await readDeb(store, deb);
    const layer = await putTar(store, unpack(store, members.data, { maxBytes: MAX_DATA_BYTES, signal }), { signal });
    const control = await readControlTar(store, members.control, signal);
    await rememberControl(store, pinned, control);
    // Last, so that all is there once the layer is known.
    await rememberLayer(store, layerKey(pinned), layer);
    return { ...layer, package: namedWith(pinned, control) };
  });
}

/** The layers of all packages of a pin, in its order; a few are fetched and unpacked at a time. */
export async function openPackages(pin: DebianPin, options: OpenOptions): Promise<readonly Layer[]> {
  const layers: Layer[] = [];
  const open = (pinned: PinnedPackage) => openPackage(pinned, options);
  for await (const layer of mapInOrder(pin.packages, open, { inFlight: PACKAGES_IN_FLIGHT })) layers.push(layer);
  return layers;
}

/** What a pinned package says of itself. Reads the package only if it was not opened before. */
export async function readControl(pinned: PinnedPackage, options: OpenOptions): Promise<PackageControl> {
  const { store, signal } = options;
  const known = await recallControl(store, pinned);
  if (known !== undefined) return known;
  const deb = await fetchPackage(pinned, options);
  return await explain(pinned, async () => {
    const control = await readControlTar(store, (await readDeb(store, deb)).control, signal);
    await rememberControl(store, pinned, control);
    return control;
  });
}

function namedWith(
  { name, version }: PinnedPackage,
  control: PackageControl | undefined,
): NonNullable<Layer['package']> {
  const { unknownScripts = [] } = control ?? {};
  return { name, version, ...(unknownScripts.length > 0 ? { unknownScripts } : {}) };
}

/** What an unpacked package says of itself. Of one that an earlier Ingot has unpacked it may have gone: that is no reason to fetch it. */
async function knownControl(pinned: PinnedPackage, options: OpenOptions): Promise<PackageControl | undefined> {
  const known = await recallControl(options.store, pinned);
  if (known !== undefined || !(await options.store.has(pinned.digest))) return known;
  return readControl(pinned, options);
}

function layerKey(pinned: PinnedPackage): string {
  return `debian package ${pinned.digest}`;
}

/** Says of what is wrong with a format in which package it is. */
export async function explain<T>(pinned: PinnedPackage, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof FormatError) && !(error instanceof SyntaxError)) throw error;
    const code: SourceErrorCode =
      error instanceof FormatError && (error.code === 'unsupported' || error.code === 'too-large')
        ? error.code
        : 'malformed';
    throw new SourceError(code, `Cannot open the package ${nameOf(pinned)} (${pinned.path}): ${error.message}`, {
      cause: error,
      context: { path: pinned.path },
    });
  }
}
