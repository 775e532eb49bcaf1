import type { Container } from '../model/index.js';
import { generated } from './generated.js';
import type { OciMount } from './mounts.js';
import { type Folder, newFile, newFolder, plainFolder, put } from './root.js';
import { runtimeConfig } from './runtime-config.js';
import { supervisionText } from './supervision.js';

export interface BundleOptions {
  /** Path of the bundle in the image: `containers/services/web`. */
  readonly path: string;
  /** Text of config.json. */
  readonly config: string;
  /** The root file system, or the absolute path at which an earlier bundle has the same one. */
  readonly root: Folder | string;
  readonly component: string;
  readonly mtimeSeconds: number;
  /** Of the folders that lead to the bundle. */
  readonly parentComponent: string;
}

/**
 * Lays a container into the host's root, in LinuxKit's layout: `config.json`, `runtime.json`, `ingot.json` where the spec
 * says what LinuxKit cannot, and
 * - readonly: the root file system in `rootfs`;
 * - else: the root file system in `lower`, and empty `tmp` and `rootfs`, where an overlay is mounted.
 * @returns The absolute path of the root file system, for later bundles with the same one.
 */
export function layBundle(host: Folder, container: Container, options: BundleOptions): string {
  const { path, component, mtimeSeconds, config } = options;
  const parents = plainFolder(options.parentComponent, mtimeSeconds);
  const plain = plainFolder(component, mtimeSeconds);
  const bundle = newFolder(plain);
  const readonly = container.readonly === true;
  const own = typeof options.root === 'string' ? undefined : options.root;
  const rootPath = typeof options.root === 'string' ? options.root : `/${path}/${readonly ? 'rootfs' : 'lower'}`;

  bundle.children.set('rootfs', readonly && own !== undefined ? own : newFolder(plain));
  if (!readonly) {
    if (own !== undefined) bundle.children.set('lower', own);
    bundle.children.set('tmp', newFolder(plain));
  }
  const mounts = readonly ? boundRoot(path, own === undefined ? rootPath : undefined) : overlayRoot(path, rootPath);
  const file = { ...plain, mode: 0o644 };
  bundle.children.set('config.json', newFile(generated(config), file));
  bundle.children.set('runtime.json', newFile(generated(runtimeConfig(container, mounts)), file));
  const supervision = supervisionText(container);
  if (supervision !== undefined) bundle.children.set('ingot.json', newFile(generated(supervision), file));
  put(host, path, bundle, parents);
  return rootPath;
}

/** A writable root: changes go to a file system in memory, which is gone when the machine stops. */
function overlayRoot(path: string, lower: string): OciMount[] {
  const tmp = `/${path}/tmp`;
  return [
    { destination: tmp, type: 'tmpfs', source: 'tmpfs' },
    { destination: tmp, options: ['remount', 'private'] },
    {
      destination: `/${path}/rootfs`,
      type: 'overlay',
      source: 'overlay',
      options: [`lowerdir=${lower}`, `upperdir=${tmp}/upper`, `workdir=${tmp}/work`],
    },
  ];
}

function boundRoot(path: string, source: string | undefined): OciMount[] {
  return source === undefined ? [] : [{ destination: `/${path}/rootfs`, source, options: ['bind'] }];
}
