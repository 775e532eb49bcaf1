import type { Tree } from '../model/index.js';
import { architectureOf, parseReference } from '../model/index.js';
import { layAnyKernel } from './any-kernel.js';
import { apkDatabase, mergeApkDatabases } from './apk-database.js';
import type { AssembleInput } from './assemble-input.js';
import { authoritiesOf } from './certificates.js';
import { ComponentList } from './component-list.js';
import { layContainers, packagesOrImage } from './containers.js';
import { TreeError } from './error.js';
import { layFiles } from './files.js';
import { layGuest, picksFor, purposesOf } from './guest.js';
import { containerIds } from './ids.js';
import { layMachineSettings } from './machine-settings.js';
import { layPackages } from './packages.js';
import { absorb, entriesOf, type Folder, newFolder, plainFolder } from './root.js';
import { touch } from './touch.js';
import { layVolumes } from './volumes.js';

export type { AssembleInput } from './assemble-input.js';

/**
 * The whole root file system. The same lock gives the same tree: nothing but the input decides.
 *
 *   init or Ingot's own ─▶ kernel and modules ─▶ packages, users … ─▶ volumes ─▶ onboot, onshutdown, services ─▶ the user's files
 *
 * @throws {TreeError}
 */
export async function assemble(input: AssembleInput): Promise<Tree> {
  const { lock, read } = input;
  const components = new ComponentList();
  const mtimeSeconds = lock.sourceDateEpoch;
  const init = components.add('init', 'init');
  const host = newFolder(plainFolder(init, mtimeSeconds));

  await layInit(host, input, components);
  await layAnyKernel(host, input, components.add('kernel', 'kernel'));
  await layPackages(host, input, components);
  const authorities = await authoritiesOf(lock, { certificates: input.certificates, read });
  const { uids, gids } = await layMachineSettings(host, input, { authorities, components });
  const ids = containerIds(lock.spec);
  const laying = { lock, layers: input.roots, components, parentComponent: init, read };
  const volumes = await layVolumes(host, { ...laying, imageBlobs: input.imageBlobs });
  const containers = await layContainers(host, { ...laying, images: input.images, ids, authorities });
  const roots = new Map([...volumes, ...containers]);
  const { files: contents, archives } = input;
  layFiles(host, {
    ...{ lock, contents, archives, roots, component: components.add('files', 'files') },
    ...{ uids: [uids, ids], gids: [gids, ids] },
  });

  const entries = entriesOf(host);
  return { entries, components: components.usedBy(entries) };
}

/** Ingot's own init, or the images that the spec brings, later ones over earlier ones. */
async function layInit(host: Folder, input: AssembleInput, components: ComponentList): Promise<void> {
  const { lock, guest } = input;
  const references = lock.spec.init ?? [];
  const mtimeSeconds = lock.sourceDateEpoch;
  if (references.length > 0) {
    const databases: string[] = [];
    for (const [index, reference] of references.entries()) {
      // Each image can be told apart; packages have their own names.
      const component = parseReference(reference).transport === 'deb' ? 'init' : `init/${index}`;
      const about = { component, property: `init[${index}]` };
      const { root } = await packagesOrImage(reference, about, { ...input, layers: input.roots, components });
      databases.push(...[await apkDatabase(root, input.read)].filter((database) => database !== undefined));
      absorb(host, root);
    }
    mergeApkDatabases(host, databases, plainFolder('init', mtimeSeconds));
    touch(host, { component: 'init', mtimeSeconds, resolver: 'link' });
    return;
  }
  if (lock.guest === null) return;
  if (guest === undefined) {
    throw new TreeError('missing-input', "Cannot build the image: the packages of Ingot's own init were not handed in");
  }
  layGuest(host, {
    ...guest.root,
    picks: picksFor(guest.root.picks, purposesOf(lock.spec)),
    layers: guest.layers,
    version: lock.guest.version,
    architecture: architectureOf(lock.platform),
    hostname: lock.spec.hostname,
    component: 'init',
    mtimeSeconds,
  });
}
