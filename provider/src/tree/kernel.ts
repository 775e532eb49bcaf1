import type { Kernel, Layer, LayerEntry } from '../model/index.js';
import { layDown } from './flatten.js';
import { bytesOf, generated } from './generated.js';
import { DEFAULT_MODULES } from './kernel-modules.js';
import { linesAbout, moduleName } from './module-index.js';
import { INDEXES, knownModules, moduleSet, selectModules, WHOLE } from './module-selection.js';
import { type Folder, findLink, newFile, newSymlink, plainFolder, put, type Read } from './root.js';

export interface KernelOptions {
  readonly modules: Kernel['modules'];
  /** Written to `boot/cmdline`, where one is given. */
  readonly commandLine: string | undefined;
  readonly component: string;
  readonly mtimeSeconds: number;
  readonly read: Read;
}

const MODULE_FOLDER = /^usr\/lib\/modules\/([^/]+)\/(.+)$/;

/**
 * Lays a kernel into the root: `boot/kernel`, and below `usr/lib/modules` (or below `lib/modules`, where that is a
 * folder of its own) the modules that are asked for, all they depend on, and the indexes that modprobe(8) reads.
 * Comes after the init, whose root decides where modules belong.
 * @throws {TreeError} `unknown-module`, `bad-layer`.
 */
export async function layKernel(root: Folder, layer: Layer, options: KernelOptions): Promise<void> {
  const { component, mtimeSeconds, read } = options;
  const shared = plainFolder(component, mtimeSeconds);
  const inRelease = new Map<string, LayerEntry>();
  const others: LayerEntry[] = [];
  let release = '';
  for (const entry of layer.entries) {
    const match = MODULE_FOLDER.exec(entry.path);
    if (match === null) {
      if (!/^(usr|usr\/lib|usr\/lib\/modules(\/[^/]+)?)$/.test(entry.path)) others.push(entry);
    } else if (entry.type === 'file') {
      release = match[1] as string;
      inRelease.set(match[2] as string, entry);
    }
  }
  layDown(root, { ...layer, entries: others }, { kind: 'package', component, shared });
  if (options.commandLine !== undefined) {
    put(root, 'boot/cmdline', newFile(generated(options.commandLine), { ...shared, mode: 0o644 }), shared);
  }
  if (inRelease.size === 0) return;

  const indexText = async (name: string): Promise<string> => {
    const content = inRelease.get(name)?.content;
    return content === undefined ? '' : new TextDecoder().decode(await bytesOf(content, read));
  };
  const set = await moduleSet([...inRelease.keys()], indexText);
  const { modules = 'default' } = options;
  const wanted = modules === 'default' || modules === 'all' ? [] : modules;
  const kept =
    modules === 'all' ? new Set(set.files) : selectModules([...DEFAULT_MODULES, ...knownModules(wanted, set)], set);
  const keptNames = new Set([...kept].map(moduleName));
  const place = `${modulesFolder(root, options)}/${release}`;
  for (const [path, entry] of inRelease) {
    const nameIn = Object.hasOwn(INDEXES, path) ? INDEXES[path] : undefined;
    if (nameIn !== undefined) {
      const text = linesAbout(await indexText(path), keptNames, nameIn);
      put(root, `${place}/${path}`, newFile(generated(text), { ...shared, mode: 0o644 }), shared);
    } else if (entry.content !== undefined && (kept.has(path) || WHOLE.has(path))) {
      const { mode, uid, gid, mtimeSeconds: time } = entry;
      const file = newFile(entry.content, { mode, uid, gid, mtimeSeconds: time, component });
      put(root, `${place}/${path}`, file, shared);
    }
  }
}

/** Where modprobe(8) finds modules in this root: it looks below /lib. */
function modulesFolder(root: Folder, { component, mtimeSeconds }: KernelOptions): string {
  const lib = findLink(root, 'lib');
  if (lib?.type === 'directory') return 'lib/modules';
  if (lib === undefined) {
    const plain = plainFolder(component, mtimeSeconds);
    put(root, 'lib', newSymlink('usr/lib', plain), plain);
  }
  return 'usr/lib/modules';
}
