import type { Container, ImageConfig, Layer, Lock } from '../model/index.js';
import {
  architectureOf,
  canonicalJson,
  imagePath,
  type Json,
  parseReference,
  volumeUses,
  withVolumes,
} from '../model/index.js';
import { layBundle } from './bundle.js';
import { addAuthorities } from './certificates.js';
import { checkCommand, withDefaultPath } from './command.js';
import type { ComponentList } from './component-list.js';
import { debianRoot } from './debian-root.js';
import { TreeError } from './error.js';
import { hardensContainers } from './hardening.js';
import type { Ids } from './ids.js';
import { withImage } from './image-container.js';
import { imageRoot } from './image-root.js';
import { makeMountPoints } from './mount-points.js';
import { mountsOf } from './mounts.js';
import { ociConfig } from './oci-config.js';
import { type PlacedContainer, placedContainers } from './placed-containers.js';
import { type Folder, find, plainFolder, type Read } from './root.js';
import { withSecrets } from './supervision.js';
import { touch } from './touch.js';

export interface ContainersOptions {
  readonly lock: Lock;
  readonly layers: ReadonlyMap<string, readonly Layer[]>;
  /** By reference, of those that are container images. */
  readonly images: ReadonlyMap<string, ImageConfig> | undefined;
  readonly ids: Ids;
  readonly components: ComponentList;
  /** Of the folders that bundles lie in. */
  readonly parentComponent: string;
  /** Certificates that containers with a CA bundle are to trust. */
  readonly authorities: readonly string[];
  readonly read: Read;
}

/** A root file system, with where the first container that uses it has it. */
interface SharedRoot extends BuiltRoot {
  readonly path: string;
}

interface BuiltRoot {
  readonly root: Folder;
  readonly uids: Ids;
  readonly gids: Ids;
}

/**
 * Lays all containers into the host's root. A root that several use, by their pins, is there once, in the bundle of
 * the first.
 * @returns The roots of containers by their path in the host's root.
 * @throws {TreeError} for a container that cannot work, with the property that is wrong.
 */
export async function layContainers(host: Folder, options: ContainersOptions): Promise<ReadonlyMap<string, Folder>> {
  const shared = new Map<string, SharedRoot>();
  const roots = new Map<string, Folder>();
  const places = new Set<string>();
  const { files: userFiles = [] } = options.lock.spec;
  const files = new Set(userFiles.filter(({ directory }) => directory !== true).map(({ path }) => imagePath(path)));
  for (const { container: written, ...place } of placedContainers(options.lock.spec)) {
    const whole = withImage(written, options.images?.get(written.image), place.property);
    const placed = { ...place, container: withSecrets(usingVolumes(whole, place.property, options.lock), place.place) };
    if (places.has(placed.place)) {
      throw new TreeError(
        'bad-container',
        `Cannot place ${placed.property}: another service is called ${placed.container.name}`,
        {
          property: `${placed.property}.name`,
        },
      );
    }
    places.add(placed.place);
    const key = pinKey(placed.container.image, options.lock);
    const known = shared.get(key);
    const built = known ?? (await buildRoot(placed, options));
    makeMountPoints(built.root, mountsOf(placed.container, placed.property), {
      isFile: (path) => files.has(imagePath(path)) || find(host, imagePath(path))?.type === 'file',
      plain: plainFolder(options.components.add(placed.place, 'container'), options.lock.sourceDateEpoch),
    });
    const path = layBundle(host, placed.container, {
      path: `containers/${placed.place}`,
      config: configOf(placed, built, options),
      root: known?.path ?? built.root,
      component: options.components.add(placed.place, 'container'),
      mtimeSeconds: options.lock.sourceDateEpoch,
      parentComponent: options.parentComponent,
    });
    if (known !== undefined) continue;
    shared.set(key, { ...built, path });
    roots.set(path.slice(1), built.root);
  }
  return roots;
}

/** The container with paths for the names of volumes, also where its image's label names them. */
function usingVolumes(container: Container, property: string, { spec }: Lock): Container {
  const volumes = spec.volumes ?? [];
  for (const { name, path, isReadonly } of volumeUses(container)) {
    if (isReadonly || volumes.find((volume) => volume.name === name)?.readonly !== true) continue;
    throw new TreeError(
      'bad-container',
      `Cannot run ${container.name}: it would write to the volume ${name}, which is read-only; bind it with the option ro`,
      {
        property: `${property}.${path[0]}`,
      },
    );
  }
  return withVolumes(container, volumes);
}

/** What makes two references the same root: what they are pinned to, not how they are written. */
function pinKey(reference: string, lock: Lock): string {
  const pin = lock.pins[reference];
  if (pin?.kind === 'image') return `image ${pin.manifest}`;
  return pin === undefined ? reference : canonicalJson(pin as unknown as Json);
}

async function buildRoot(
  { container, property, place }: PlacedContainer,
  options: ContainersOptions,
): Promise<BuiltRoot> {
  const { components, lock } = options;
  const component = components.add(place, 'container');
  const built = await packagesOrImage(container.image, { component, property: `${property}.image` }, options);
  const { authorities, read } = options;
  await addAuthorities(built.root, authorities, { ownership: plainFolder(component, lock.sourceDateEpoch), read });
  touch(built.root, { component, mtimeSeconds: lock.sourceDateEpoch, resolver: 'stub' });
  return built;
}

/** Builds the root file system of a reference, by the rules of its kind. Parts are named below `component`. */
export async function packagesOrImage(
  reference: string,
  { component, property }: { readonly component: string; readonly property: string },
  {
    lock,
    layers: allLayers,
    components,
    read,
  }: Omit<ContainersOptions, 'ids' | 'parentComponent' | 'images' | 'authorities'>,
): Promise<BuiltRoot> {
  const layers = allLayers.get(reference);
  if (layers === undefined) {
    throw new TreeError('missing-input', `Cannot build the root of ${reference}: its layers were not handed in`, {
      property,
    });
  }
  const mtimeSeconds = lock.sourceDateEpoch;
  if (parseReference(reference).transport === 'deb') {
    const architecture = architectureOf(lock.platform);
    const pin = lock.pins[reference];
    const pinned = new Map(pin?.kind === 'debian' ? pin.packages.map((one) => [one.name, one.architecture]) : []);
    return await debianRoot(layers, {
      component,
      componentOf: (name) => components.add(`${component}/${name}`, 'package'),
      architecture,
      packageArchitecture: (name) => pinned.get(name) ?? architecture,
      suite: lock.suite,
      mtimeSeconds,
      read,
    });
  }
  const image = components.add(`${component}/image`, 'image');
  return await imageRoot(layers, { pin: lock.pins[reference], component: image, mtimeSeconds, read });
}

function configOf(placed: PlacedContainer, built: BuiltRoot, { ids, lock }: ContainersOptions): string {
  const { container, property } = placed;
  const args = container.command ?? [];
  const env = withDefaultPath(container.env ?? []);
  const inherent = new Set(['/proc', '/dev', '/dev/pts', '/sys', '/sys/fs/cgroup']);
  const mountPoints = mountsOf(container, property).map(({ destination }) => destination);
  checkCommand(built.root, args, {
    reference: container.image,
    source: SOURCES[lock.pins[container.image]?.kind ?? 'image'],
    property,
    env,
    cwd: container.cwd || '/',
    mountPoints: mountPoints.filter((destination) => !inherent.has(destination)),
  });
  const hardenedFor = hardensContainers(lock) ? architectureOf(lock.platform) : undefined;
  return ociConfig(container, { property, args, env, uids: [ids, built.uids], gids: [ids, built.gids], hardenedFor });
}

/** Why there may be no command, by the kind of what a container is made of. */
const SOURCES = {
  debian: 'packages have no entry point',
  directory: 'a folder has no entry point',
  image: 'the image has neither an entry point nor a command',
} as const;
