import { didYouMean, nearest } from '../model/suggestion.js';
import { TreeError } from './error.js';
import {
  moduleName,
  normalName,
  parseBuiltin,
  parseDependencies,
  parseSoftDependencies,
  words,
} from './module-index.js';

/** Lists of modules by name that are cut down to the modules that are kept, and which word of a line is the name. */
export const INDEXES: Readonly<Record<string, (line: string) => string>> = {
  'modules.dep': (line) => moduleName(line.split(':')[0] as string),
  'modules.order': moduleName,
  'modules.alias': (line) => normalName(words(line)[2] ?? ''),
  'modules.softdep': (line) => normalName(words(line)[1] ?? ''),
  'modules.devname': (line) => normalName(words(line)[0] ?? ''),
};
/** Kept whole; other indexes are binary copies of these or hold what only developers ask for. */
export const WHOLE = new Set(['modules.builtin']);

/** The modules of a kernel. */
export interface ModuleSet {
  /** Paths of all modules, relative to the release's folder. */
  readonly files: readonly string[];
  readonly dependencies: ReadonlyMap<string, readonly string[]>;
  readonly softDependencies: ReadonlyMap<string, readonly string[]>;
  readonly builtin: ReadonlySet<string>;
}

/** What the indexes of a release say of the modules among `paths`. */
export async function moduleSet(
  paths: readonly string[],
  indexText: (name: string) => Promise<string>,
): Promise<ModuleSet> {
  return {
    files: paths.filter((path) => path.endsWith('.ko')),
    dependencies: parseDependencies(await indexText('modules.dep')),
    softDependencies: parseSoftDependencies(await indexText('modules.softdep')),
    builtin: parseBuiltin(await indexText('modules.builtin')),
  };
}

/**
 * The names that were asked for, if the kernel has them all.
 * @throws {TreeError} `unknown-module`.
 */
export function knownModules(names: readonly string[], set: ModuleSet): readonly string[] {
  const known = new Set(set.files.map(moduleName));
  for (const name of names) {
    if (known.has(normalName(name)) || set.builtin.has(normalName(name))) continue;
    throw new TreeError(
      'unknown-module',
      `Cannot put the module ${name} into the image: the kernel has none of that name${didYouMean(nearest(normalName(name), known))}`,
      { property: 'kernel.modules', got: name },
    );
  }
  return names;
}

/**
 * Paths of the modules of these names and of all that they need; names that the kernel has not are passed over.
 * @throws {TreeError} `bad-layer` where something that is needed is missing.
 */
export function selectModules(names: readonly string[], set: ModuleSet): Set<string> {
  const pathOf = new Map(set.files.map((path) => [moduleName(path), path]));
  const kept = new Set<string>();
  const pending = names.map((name) => pathOf.get(normalName(name)));
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
