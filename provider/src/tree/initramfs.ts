import { architectureOf, type GuestPurpose, type Tree } from '../model/index.js';
import { layAnyKernel } from './any-kernel.js';
import type { AssembleInput } from './assemble-input.js';
import { mergeUsr } from './base-folders.js';
import { TreeError } from './error.js';
import { generated, textOf } from './generated.js';
import { layGuestFile, layPicks, picksFor } from './guest.js';
import { linesAbout, moduleName, normalName } from './module-index.js';
import { INDEXES, moduleSet, selectModules, WHOLE } from './module-selection.js';
import {
  entriesOf,
  type Folder,
  find,
  findLink,
  type Leaf,
  namesIn,
  newFile,
  newFolder,
  plainFolder,
  put,
} from './root.js';

export interface InitramfsOptions {
  /** Where the root is: on a disk that has to be found, or in the initramfs itself, as the file `ROOT_FILE`. */
  readonly root: 'disk' | 'ram';
  /** Whether the root is checked block by block. */
  readonly verity: boolean;
}

/** What a root may lie behind. Names that a kernel has not are passed over; what they need comes with them. */
const DISK_MODULES = [
  ...['virtio_pci', 'virtio_mmio', 'virtio_blk', 'virtio_scsi', 'nvme', 'sd_mod', 'ahci', 'ata_piix'],
  ...['xen-blkfront', 'hv_vmbus', 'hv_storvsc', 'vmw_pvscsi'],
];
const ROOT_MODULES = ['erofs', 'crc32c_generic', 'crc32c-intel', 'libcrc32c'];
/** With faster hashes, which load by themselves where the processor has them. */
const VERITY_MODULES = ['dm-verity', 'sha256_generic', 'sha256_ssse3', 'sha2-ce', 'sha256-arm64'];
const RAM_MODULES = ['loop'];

/**
 * The small root that a machine starts from when its own root is an EROFS: busybox, the drivers that lead to the root,
 * dmsetup where blocks are checked, and the script that does it. It has two components, `kernel` and `init`. Of the
 * spec, only the kernel decides what is in it.
 * @throws {TreeError} `missing-input`, `bad-kernel` where the kernel cannot do it, `bad-layer`, `missing-guest-file`.
 */
export async function assembleInitramfs(input: AssembleInput, options: InitramfsOptions): Promise<Tree> {
  const { lock, guest } = input;
  if (guest === undefined) {
    throw new TreeError(
      'missing-input',
      "Cannot make the initramfs of a disk: it needs Ingot's own init; leave `init` out of the spec, or take a format without a disk",
      { property: 'init' },
    );
  }
  const mtimeSeconds = lock.sourceDateEpoch;
  const architecture = architectureOf(lock.platform);
  const plain = plainFolder('init', mtimeSeconds);
  const root = newFolder(plain);
  mergeUsr(root, architecture, plain);
  const purposes: readonly GuestPurpose[] = options.verity ? ['verity'] : [];
  const picks = picksFor(guest.initramfs.picks, purposes);
  layPicks(root, { layers: guest.layers, picks, architecture }, plain);
  for (const file of guest.initramfs.files) layGuestFile(root, file, plain);
  await layModules(root, input, options);
  const entries = entriesOf(root);
  return {
    entries,
    components: [
      { id: 'kernel', kind: 'kernel' },
      { id: 'init', kind: 'init' },
    ],
  };
}

/** Of the modules that the machine's own root has, those that lead to it. */
async function layModules(root: Folder, input: AssembleInput, options: InitramfsOptions): Promise<void> {
  const { lock, read } = input;
  const shared = plainFolder('kernel', lock.sourceDateEpoch);
  const whole = newFolder(shared);
  mergeUsr(whole, architectureOf(lock.platform), shared);
  await layAnyKernel(whole, input, 'kernel');
  const modules = findLink(whole, 'usr/lib/modules');
  const releases = modules?.type === 'directory' ? [...modules.children.keys()].sort() : [];
  for (const release of releases) {
    const place = `usr/lib/modules/${release}`;
    const folder = find(whole, place);
    if (folder?.type !== 'directory') continue;
    const leaves = new Map<string, Leaf>();
    for (const [path, node] of namesIn(folder)) if (node.type === 'file') leaves.set(path, node);
    const indexText = async (name: string): Promise<string> => {
      const leaf = leaves.get(name);
      return leaf === undefined ? '' : await textOf(leaf, read);
    };
    const set = await moduleSet([...leaves.keys()], indexText);
    const kept = selectModules(wantedModules(options), set);
    const keptNames = new Set([...kept].map(moduleName));
    requireModules(options, { has: new Set([...keptNames, ...set.builtin]), known: set.builtin.size > 0 });
    for (const [path, leaf] of leaves) {
      const nameIn = Object.hasOwn(INDEXES, path) ? INDEXES[path] : undefined;
      if (nameIn !== undefined) {
        const text = linesAbout(await indexText(path), keptNames, nameIn);
        put(root, `${place}/${path}`, newFile(generated(text), { ...shared, mode: 0o644 }), shared);
      } else if (kept.has(path) || WHOLE.has(path)) {
        put(root, `${place}/${path}`, leaf, shared);
      }
    }
  }
}

function wantedModules({ root, verity }: InitramfsOptions): string[] {
  return [...ROOT_MODULES, ...(root === 'ram' ? RAM_MODULES : DISK_MODULES), ...(verity ? VERITY_MODULES : [])];
}

/** @throws {TreeError} `bad-kernel` where the kernel is known not to have what it takes. */
function requireModules(
  { root, verity }: InitramfsOptions,
  { has, known }: { readonly has: ReadonlySet<string>; readonly known: boolean },
): void {
  if (!known) return;
  for (const name of ['erofs', ...(root === 'ram' ? ['loop'] : []), ...(verity ? ['dm-verity'] : [])]) {
    if (has.has(normalName(name))) continue;
    throw new TreeError(
      'bad-kernel',
      `Cannot start the machine from its root: the kernel has no ${name}; take a kernel such as deb:linux-image-cloud-amd64`,
      { property: 'kernel.image', want: name },
    );
  }
}
