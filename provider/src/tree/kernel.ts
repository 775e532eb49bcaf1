import type { Kernel, Layer, LayerEntry } from '../model/index.js';
import { didYouMean, nearest } from '../model/suggestion.js';
import { TreeError } from './error.js';
import { layDown } from './flatten.js';
import { bytesOf, generated } from './generated.js';
import { DEFAULT_MODULES } from './kernel-modules.js';
import {
  linesAbout,
  moduleName,
  normalName,
  parseBuiltin,
  parseDependencies,
  parseSoftDependencies,
  words,
} from './module-index.js';
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

/** Lists of modules by name that are cut down to the modules that are kept, and which word of a line is the name. */
const INDEXES: Readonly<Record<string, (line: string) => string>> = {
  'modules.dep': (line) => moduleName(line.split(':')[0] as string),
  'modules.order': moduleName,
  'modules.alias': (line) => normalName(words(line)[2] ?? ''),
  'modules.softdep': (line) => normalName(words(line)[1] ?? ''),
  'modules.devname': (line) => normalName(words(line)[0] ?? ''),
};
/** Kept whole; other indexes are binary copies of these or hold what only developers ask for. */
const WHOLE = new Set(['modules.builtin']);

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
  const kept = selectModules(options.modules ?? 'default', {
    files: [...inRelease.keys()].filter((path) => path.endsWith('.ko')),
    dependencies: parseDependencies(await indexText('modules.dep')),
    softDependencies: parseSoftDependencies(await indexText('modules.softdep')),
    builtin: parseBuiltin(await indexText('modules.builtin')),
  });
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

interface ModuleSet {
  /** Paths of all modules, relative to the release's folder. */
  readonly files: readonly string[];
  readonly dependencies: ReadonlyMap<string, readonly string[]>;
  readonly softDependencies: ReadonlyMap<string, readonly string[]>;
  readonly builtin: ReadonlySet<string>;
}

/** Paths of the modules to keep. */
function selectModules(wanted: NonNullable<Kernel['modules']>, set: ModuleSet): Set<string> {
  if (wanted === 'all') return new Set(set.files);
  const pathOf = new Map(set.files.map((path) => [moduleName(path), path]));
  const extra = wanted === 'default' ? [] : wanted;
  for (const name of extra) {
    if (pathOf.has(normalName(name)) || set.builtin.has(normalName(name))) continue;
    throw new TreeError(
      'unknown-module',
      `Cannot put the module ${name} into the image: the kernel has none of that name${didYouMean(nearest(normalName(name), pathOf.keys()))}`,
      { property: 'kernel.modules', got: name },
    );
  }
  const kept = new Set<string>();
  const pending = [...DEFAULT_MODULES, ...extra].map((name) => pathOf.get(normalName(name)));
  for (let path = pending.pop(); path !== undefined || pending.length > 0; path = pending.pop()) {
    if (path === undefined || kept.has(path)) continue;
    kept.add(path);
    for (const needed of set.dependencies.get(path) ?? []) pending.push(existing(needed, path, pathOf));
    for (const name of set.softDependencies.get(moduleName(path)) ?? []) pending.push(pathOf.get(name));
  }
  return kept;
}

function existing(needed: string, by: string, pathOf: ReadonlyMap<string, string>): string {
  const path = pathOf.get(moduleName(needed));
  if (path !== undefined) return path;
  throw new TreeError(
    'bad-layer',
    `Cannot put ${by} into the image: it needs ${needed}, which the kernel does not have`,
  );
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
