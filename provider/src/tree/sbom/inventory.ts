import type { Digest, Lock, Tree, TreeEntry } from '../../model/index.js';
import { BOOT_STUB_PACKAGE, lockDigest } from '../../model/index.js';
import { kernelRelease } from '../contents-parts.js';
import { packageDatabases } from '../package-databases.js';
import { debianLicences } from './debian-licence.js';
import { distributionAt, releaseOf } from './distribution.js';
import { fileItems } from './file-item.js';
import { imageItem } from './image-item.js';
import { distinct, hexOrNothing, type Item, itemId } from './item.js';
import { ItemList } from './item-list.js';
import { pinnedItem, recordedItem } from './package-item.js';
import { packageUrl } from './package-url.js';
import { placedReferences, placesOf } from './places.js';
import type { SbomInput } from './sbom-input.js';

/** What is in an image, part by part. */
export interface Inventory {
  /** Of the image's lock. */
  readonly digest: Digest;
  readonly recipe: number;
  readonly sourceDateEpoch: number;
  readonly platform: string;
  /** Sorted by kind, name and id. */
  readonly items: readonly Item[];
}

/** All parts of an image that have a name of their own. What it says follows from the input alone. */
export async function inventoryOf(tree: Tree, input: SbomInput): Promise<Inventory> {
  const { lock } = input;
  const list = new ItemList();
  const places = placesOf(placedReferences(lock.spec));
  const licences = input.licences ?? (await debianLicences(tree, input.read));
  addPins(list, input, { places, licences });
  addGuest(list, input, licences);
  addKernel(list, tree, input);
  await addRecorded(list, tree, { input, places });
  for (const item of await attested(list.items(), input)) list.add(item);
  for (const item of await fileItems(tree.entries, input.read)) list.add(item);
  const { recipe, sourceDateEpoch, platform } = lock;
  return { digest: lockDigest(lock), recipe, sourceDateEpoch, platform, items: list.items() };
}

type Places = ReadonlyMap<string, readonly string[]>;
/** By name of a package. */
type Licences = ReadonlyMap<string, readonly string[]>;

function addPins(
  list: ItemList,
  { lock }: SbomInput,
  known: { readonly places: Places; readonly licences: Licences },
): void {
  for (const [reference, pin] of Object.entries(lock.pins)) {
    const places = distinct(known.places.get(reference) ?? []);
    if (pin.kind === 'image') {
      list.add(imageItem(reference, pin, { platform: lock.platform, places }));
    } else if (pin.kind === 'directory') {
      const id = itemId('folder', reference, `${reference} ${pin.digest}`);
      list.add({ kind: 'folder', id, name: reference, reference, ...hexOrNothing(pin.digest), within: [], places });
    } else {
      const distribution = releaseOf(pin.suite, lock);
      for (const pinned of pin.packages) {
        const licences = known.licences.get(pinned.name);
        list.add(pinnedItem(pinned, { distribution, licences }, { within: [], places }));
      }
    }
  }
}

/** Ingot's own init, and the packages whose files are in it. */
function addGuest(list: ItemList, { lock, guest }: SbomInput, licences: Licences): void {
  if (lock.guest === null) return;
  const { version, digest, pin } = lock.guest;
  const id = itemId('init', 'ingot-init', `${version} ${digest ?? ''}`);
  const url = packageUrl({ type: 'generic', name: 'ingot-init', version: String(version) });
  const init = { kind: 'init', id, name: 'ingot-init', version: String(version), url } as const;
  list.add({ ...init, ...hexOrNothing(digest), within: [], places: ['init'] });
  if (pin.kind !== 'debian') return;
  const picks = guest && [...guest.root.picks, ...guest.initramfs.picks];
  const picked = picks && new Set(picks.map((pick) => pick.package));
  for (const pinned of pin.packages) {
    const isStub = pinned.name === BOOT_STUB_PACKAGE;
    if (picked?.has(pinned.name) === false && !isStub) continue;
    const where = isStub ? { within: [], places: ['boot'] } : { within: [id], places: ['init'] };
    const about = { distribution: releaseOf(pin.suite, lock), licences: licences.get(pinned.name) };
    list.add(pinnedItem(pinned, about, where));
  }
}

function addKernel(list: ItemList, { entries }: Tree, { lock }: SbomInput): void {
  const { kernel } = lock.spec;
  if (kernel === undefined) return;
  const release = kernelRelease(entries.filter(({ component }) => component === 'kernel'));
  const file = entries.find(({ path }) => path === 'boot/kernel')?.content?.sha256;
  // A kernel of a distribution is one of its packages, which is what its vulnerabilities are told by.
  const isPackage = lock.pins[kernel.image]?.kind === 'debian';
  const url = packageUrl({ type: 'generic', name: 'linux-kernel', version: release });
  list.add({
    ...{ kind: 'kernel', id: itemId('kernel', 'linux', `${release} ${file ?? ''}`), name: 'linux', version: release },
    ...(isPackage || release === '' ? {} : { url }),
    ...{ ...hexOrNothing(file), within: [], places: ['kernel'] },
  });
}

/** Packages that the lists in container images name. Of those laid down here, the pins say more. */
async function addRecorded(
  list: ItemList,
  { entries, components }: Tree,
  { input, places }: { readonly input: SbomInput; readonly places: Places },
): Promise<void> {
  const { lock, read } = input;
  const images = new Set(components.flatMap(({ id, kind }) => (kind === 'image' || kind === 'init' ? [id] : [])));
  const candidates = entries.filter(({ component }) => images.has(component));
  const byPath = new Map<string, TreeEntry>(candidates.map((entry) => [entry.path, entry]));
  const owners = new Map(
    list.items().flatMap(({ reference, id }) => (reference === undefined ? [] : [[reference, id]])),
  );
  for (const { kind, root, component, packages } of await packageDatabases(candidates, read)) {
    const distribution = await distributionAt(root, byPath, read);
    const reference = referenceOf(component, lock);
    const owner = reference === undefined ? undefined : owners.get(reference);
    const where = {
      within: owner === undefined ? [] : [owner],
      places: reference === undefined ? [component] : distinct(places.get(reference) ?? []),
    };
    for (const recorded of packages) list.add(recordedItem(recorded, { kind, distribution }, where));
  }
}

/** The image that a component is of; undefined where it is put together from several. */
function referenceOf(component: string, { spec }: Lock): string | undefined {
  if (component === 'init') return spec.init?.length === 1 ? spec.init[0] : undefined;
  const place = component.replace(/\/image$/, '');
  return placedReferences(spec).find((placed) => placed.place === place)?.reference;
}

/** What others say of the images, where our own look into them did not see it. */
async function attested(items: readonly Item[], { attestations = new Map() }: SbomInput): Promise<Item[]> {
  if (attestations.size === 0) return [];
  const { attestedItems } = await import('./attested.js');
  return items
    .filter(({ kind }) => kind === 'image')
    .flatMap((image) => attestedItems(image, { items, attestations: attestations.get(image.reference ?? '') ?? [] }));
}
