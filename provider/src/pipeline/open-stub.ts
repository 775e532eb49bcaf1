import { IngotError } from '../model/error.js';
import { BOOT_STUB_PACKAGE } from '../model/guest.js';
import type { Layer } from '../model/layer.js';
import type { LockedImage } from '../model/lock.js';
import { architectureOf } from '../model/platform.js';
import type { Content } from '../model/tree.js';
import type { AssembleInput } from '../tree/assemble-input.js';
import { BOOT_STUB_REFERENCE } from './references.js';
import { sourceOptions } from './source-options.js';
import type { Workshop } from './workshop.js';

export class BuildError extends IngotError<'no-stub'> {}

/**
 * systemd's EFI stub, from the package that the lock pins.
 * @throws {BuildError} `no-stub` where it pins none.
 */
export async function openStub(
  { image, input }: { readonly image: LockedImage; readonly input: AssembleInput },
  workshop: Workshop,
): Promise<Content> {
  const { BOOT_STUB } = await import('../guest/manifest.js');
  const path = BOOT_STUB[architectureOf(image.lock.platform)];
  const layers = input.guest?.layers ?? (await pinnedLayers(image, workshop));
  const layer = layers.find((one) => one.package?.name === BOOT_STUB_PACKAGE);
  const entry = layer?.entries.find((one) => one.path === path && one.content !== undefined);
  if (entry?.content !== undefined) return entry.content;
  const remedy =
    image.lock.guest === null
      ? 'say `root: ram` in the spec, so that one is pinned'
      : 'its lock is of an older Ingot: run `ingot lock --update`, or set pins to latest';
  throw new BuildError(
    'no-stub',
    `Cannot build a disk: the lock of the image pins no boot stub (${BOOT_STUB_PACKAGE}); ${remedy}`,
    {
      context: { property: 'root' },
    },
  );
}

async function pinnedLayers({ lock, mirrors }: LockedImage, workshop: Workshop): Promise<readonly Layer[]> {
  const pin = lock.pins[BOOT_STUB_REFERENCE];
  if (pin === undefined) return [];
  const { open } = await import('../source/transport.js');
  const source = sourceOptions(lock, workshop, mirrors);
  return (await open(pin, 'stub', { ...source, reference: BOOT_STUB_REFERENCE })).layers;
}
