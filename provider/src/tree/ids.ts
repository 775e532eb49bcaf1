import type { Container, Spec } from '../model/index.js';
import { TreeError } from './error.js';

/** User and group ids by name. */
export type Ids = ReadonlyMap<string, number>;

const FIRST_ID = 100;

/**
 * An id of its own for each container, under the container's name, as LinuxKit gives them: from 100 on, over onboot,
 * onshutdown and services; of two containers with the same name the last one counts.
 */
export function containerIds(spec: Spec): Ids {
  const ids = new Map<string, number>();
  let next = FIRST_ID;
  for (const containers of [spec.onboot, spec.onshutdown, spec.services]) {
    for (const { name } of containers ?? []) ids.set(name, next++);
  }
  return ids;
}

/**
 * The number for a `uid` or `gid` as written: numbers as they are; nothing, "" and `root` are 0; a name is looked up
 * in each of `known`, in this order.
 * @throws {TreeError} `code` for a name that is in none of them.
 */
export function resolveId(
  value: Container['uid'],
  known: readonly Ids[],
  about: { readonly property: string; readonly code: 'bad-container' | 'bad-file' },
): number {
  if (value === undefined || value === '' || value === 'root') return 0;
  if (typeof value === 'number') return value;
  for (const ids of known) {
    const id = ids.get(value);
    if (id !== undefined) return id;
  }
  const names = [...new Set(known.flatMap((ids) => [...ids.keys()]))].sort();
  throw new TreeError(
    about.code,
    `Cannot use ${JSON.stringify(value)} as ${about.property}: there is no such name; wanted a number, or one of root, ${names.join(', ')}`,
    { property: about.property, got: value },
  );
}
