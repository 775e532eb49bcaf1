/** What the indexes are made from. */
export interface Module {
  /** Relative to the folder of the release: `kernel/fs/ext4/ext4.ko`. */
  readonly path: string;
  /** What it says of itself, in its order. */
  readonly modinfo: readonly (readonly [key: string, value: string])[];
}

/** The text indexes of modules, by file name. */
export type ModuleIndexes = Readonly<
  Record<'modules.dep' | 'modules.alias' | 'modules.softdep' | 'modules.devname', string>
>;

/**
 * Makes the text indexes that depmod(8) makes (modules.dep(5)), from what modules say of themselves alone: `depends`
 * was computed from the symbols when the kernel was built. Lines come in the order of modules.order, which decides
 * which of several drivers for a device is tried first; modules that it does not name come last, sorted.
 */
export function makeModuleIndexes(modules: readonly Module[], modulesOrder: string): ModuleIndexes {
  const sorted = inOrder(modules, modulesOrder);
  return {
    'modules.dep': lines(dependencyLines(sorted)),
    'modules.alias': lines([
      '# Aliases extracted from modules themselves.',
      ...sorted.flatMap((module) => valuesOf(module, 'alias').map((alias) => `alias ${alias} ${nameOf(module)}`)),
    ]),
    'modules.softdep': lines([
      '# Soft dependencies extracted from modules themselves.',
      ...sorted.flatMap((module) => valuesOf(module, 'softdep').map((text) => `softdep ${nameOf(module)} ${text}`)),
    ]),
    'modules.devname': lines([
      '# Device nodes to trigger on-demand module loading.',
      ...sorted.flatMap((module) => deviceLine(module) ?? []),
    ]),
  };
}

/** Every module with all it needs, so that loading from the last to the first works. */
function dependencyLines(modules: readonly Module[]): string[] {
  const byName = new Map<string, Module>();
  // The first of equal names counts, as in the order of depmod's search.
  for (const module of modules) if (!byName.has(nameOf(module))) byName.set(nameOf(module), module);
  const direct = new Map(modules.map((module) => [module, dependenciesOf(module, byName)]));
  return modules.map(
    (module) =>
      `${module.path}:${allBelow(module, direct)
        .map(({ path }) => ` ${path}`)
        .join('')}`,
  );
}

/** What is not there is left out: it is built in, or in a package that was not asked for. */
function dependenciesOf(module: Module, byName: ReadonlyMap<string, Module>): Module[] {
  const names = valuesOf(module, 'depends').flatMap((value) => value.split(','));
  return names.flatMap((name) => byName.get(normalName(name)) ?? []);
}

/**
 * All that a module needs, itself left out; what needs another one comes before it. Without recursion, since a chain
 * of dependencies is as long as whoever made it likes; a circle is cut where it closes.
 */
function allBelow(module: Module, direct: ReadonlyMap<Module, readonly Module[]>): Module[] {
  const done: Module[] = [];
  const seen = new Set([module]);
  const stack = [{ module, next: 0 }];
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const needed = direct.get(top.module)?.[top.next];
    top.next += 1;
    if (needed === undefined) {
      done.push(top.module);
      stack.pop();
    } else if (!seen.has(needed)) {
      seen.add(needed);
      stack.push({ module: needed, next: 0 });
    }
  }
  return done.reverse().slice(1);
}

/** `name device cMAJOR:MINOR`, for a module that tells both its device's name and its number. */
function deviceLine(module: Module): string | undefined {
  const aliases = valuesOf(module, 'alias');
  const name = aliases.find((alias) => alias.startsWith('devname:'))?.slice('devname:'.length);
  const number = aliases.map((alias) => /^(char|block)-major-(\d+)-(\d+)$/.exec(alias)).find((match) => match !== null);
  if (name === undefined || number === undefined) return undefined;
  const [, kind, major, minor] = number;
  return `${nameOf(module)} ${name} ${kind === 'char' ? 'c' : 'b'}${major}:${minor}`;
}

function inOrder(modules: readonly Module[], modulesOrder: string): Module[] {
  const places = new Map(modulesOrder.split('\n').map((path, place) => [path, place]));
  const placeOf = ({ path }: Module) => places.get(path) ?? places.size;
  return [...modules].sort((left, right) => placeOf(left) - placeOf(right) || (left.path < right.path ? -1 : 1));
}

function valuesOf(module: Module, key: string): string[] {
  // A line feed would begin a line of its own in an index.
  return module.modinfo.filter(([name, value]) => name === key && !value.includes('\n')).map(([, value]) => value);
}

/** Dashes and underscores are the same in names of modules; the kernel uses underscores. */
function nameOf({ path }: Module): string {
  return normalName(path.slice(path.lastIndexOf('/') + 1).replace(/\.ko$/, ''));
}

function normalName(name: string): string {
  return name.replaceAll('-', '_');
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join('');
}
