import type { ImageBlobs, Layer, Lock, Volume } from '../model/index.js';
import { canonicalJson, type Json } from '../model/index.js';
import type { ComponentList } from './component-list.js';
import { packagesOrImage } from './containers.js';
import { TreeError } from './error.js';
import { generated } from './generated.js';
import { type Folder, newFile, newFolder, plainFolder, put, type Read } from './root.js';
import { touch } from './touch.js';

export interface VolumesOptions {
  readonly lock: Lock;
  readonly layers: ReadonlyMap<string, readonly Layer[]>;
  /** By reference, of volumes that hold the image itself. */
  readonly imageBlobs: ReadonlyMap<string, ImageBlobs> | undefined;
  readonly components: ComponentList;
  readonly parentComponent: string;
  readonly read: Read;
}

/**
 * Lays volumes into the host's root, in LinuxKit's layout: `containers/volumes/NAME` with what it holds in `lower`, and
 * empty `tmp` and `merged`, where the init mounts an overlay.
 * @returns The roots of those that hold files, by their path in the host's root.
 * @throws {TreeError} `missing-input`, and what the layers of an image are wrong in.
 */
export async function layVolumes(host: Folder, options: VolumesOptions): Promise<ReadonlyMap<string, Folder>> {
  const { lock, components } = options;
  const mtimeSeconds = lock.sourceDateEpoch;
  const roots = new Map<string, Folder>();
  for (const [index, volume] of (lock.spec.volumes ?? []).entries()) {
    const component = components.add(`volumes/${volume.name}`, 'container');
    const plain = plainFolder(component, mtimeSeconds);
    const folder = newFolder(plain);
    const path = `containers/volumes/${volume.name}`;
    const lower = await lowerOf(volume, { component, property: `volumes[${index}].image` }, options);
    folder.children.set('lower', lower);
    folder.children.set('merged', newFolder(plain));
    folder.children.set('tmp', newFolder(plain));
    put(host, path, folder, plainFolder(options.parentComponent, mtimeSeconds));
    if (volume.format !== 'oci') roots.set(`${path}/lower`, lower);
  }
  return roots;
}

interface About {
  readonly component: string;
  readonly property: string;
}

async function lowerOf(volume: Volume, about: About, options: VolumesOptions): Promise<Folder> {
  const { lock, imageBlobs, components } = options;
  const mtimeSeconds = lock.sourceDateEpoch;
  const plain = plainFolder(about.component, mtimeSeconds);
  const { image } = volume;
  if (!image) return newFolder(plain);
  if (volume.format === 'oci') {
    const blobs = imageBlobs?.get(image);
    if (blobs === undefined) {
      throw new TreeError('missing-input', `Cannot fill the volume ${volume.name}: ${image} was not handed in`, about);
    }
    return layoutOf(image, blobs, plainFolder(components.add(`${about.component}/image`, 'image'), mtimeSeconds));
  }
  const { root } = await packagesOrImage(image, about, options);
  touch(root, { component: about.component, mtimeSeconds, resolver: 'link' });
  return root;
}

/** OCI image spec 1.1, image-layout.md: the image under its reference. */
function layoutOf(reference: string, { manifest, blobs }: ImageBlobs, plain: ReturnType<typeof plainFolder>): Folder {
  const layout = newFolder(plain);
  const file = { ...plain, mode: 0o644 };
  const json = (value: Json) => newFile(generated(canonicalJson(value)), file);
  put(layout, 'oci-layout', json({ imageLayoutVersion: '1.0.0' }), plain);
  const { mediaType, digest, sizeBytes } = manifest;
  const annotations = { 'org.opencontainers.image.ref.name': reference };
  const manifests = [{ mediaType, digest, size: sizeBytes, annotations }];
  put(layout, 'index.json', json({ schemaVersion: 2, manifests }), plain);
  for (const { digest: blob, sizeBytes: size } of [manifest, ...blobs]) {
    const content = { blob, offset: 0, sizeBytes: size, sha256: blob };
    put(layout, `blobs/${blob.replace(':', '/')}`, newFile(content, file), plain);
  }
  return layout;
}
