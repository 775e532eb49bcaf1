import type { Contents } from '../model/index.js';

/** Parts of a description, in the order in which changes are told. */
export type ChangeArea =
  | 'package'
  | 'script'
  | 'image'
  | 'service'
  | 'kernel'
  | 'file'
  | 'setuid'
  | 'capability'
  | 'port'
  | 'user'
  | 'component'
  | 'size'
  | 'runtime';

/** One thing that differs between two images. */
export interface Change {
  readonly area: ChangeArea;
  readonly name: string;
  readonly kind: 'added' | 'removed' | 'changed';
  readonly before?: string;
  readonly after?: string;
}

type Table = Readonly<Record<string, string>>;

/** What differs between two descriptions: by area, then by name. Empty where nothing does. */
export function changesBetween(before: Contents, after: Contents): Change[] {
  const areas = ([area, tableOf]: readonly [ChangeArea, (contents: Contents) => Table]) =>
    tableChanges(area, tableOf(before), tableOf(after));
  return AREAS.flatMap(areas);
}

const AREAS: readonly (readonly [ChangeArea, (contents: Contents) => Table])[] = [
  ['package', ({ packages }) => packages],
  ['script', ({ scriptsNotRun = {} }) => scriptsNotRun],
  ['image', ({ images }) => images],
  ['service', ({ services }) => services],
  ['kernel', ({ kernel }) => texts(kernel)],
  ['file', ({ files }) => files],
  ['setuid', ({ setuid }) => Object.fromEntries(setuid.map((path) => [path, '']))],
  ['capability', ({ fileCapabilities = {} }) => fileCapabilities],
  ['port', ({ ports = {} }) => ports],
  ['user', ({ users }) => users],
  ['component', ({ components }) => components],
  ['size', ({ sizes }) => texts(sizes)],
  ['runtime', ({ runtime }) => texts(runtime)],
];

function tableChanges(area: ChangeArea, before: Table, after: Table): Change[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names.flatMap((name): Change[] => {
    const old = Object.hasOwn(before, name) ? before[name] : undefined;
    const now = Object.hasOwn(after, name) ? after[name] : undefined;
    if (old === now) return [];
    if (old === undefined) return [{ area, name, kind: 'added', after: now as string }];
    if (now === undefined) return [{ area, name, kind: 'removed', before: old }];
    return [{ area, name, kind: 'changed', before: old, after: now }];
  });
}

function texts(values: Readonly<Record<string, string | number>>): Table {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]));
}
