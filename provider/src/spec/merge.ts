import type { PartialSpec } from './partial-spec.js';

/** Lists of a spec that are joined. */
export const LISTS = [
  'init',
  'volumes',
  'onboot',
  'onshutdown',
  'services',
  'files',
  'packages',
  'users',
  'disks',
  'ca',
  'ntp',
] as const;

/** Lists of `network` that are joined. */
export const NETWORK_LISTS = ['interfaces', 'nameservers', 'search'] as const;

/**
 * Two specs as one, as LinuxKit appends them: lists are joined, and of single values, down to those of `kernel`,
 * `debian` and `ready`, the later one wins. An empty text does not override, as in LinuxKit, but for `kernel.tar` and `kernel.ucode`,
 * where it means none. Two lists of kernel modules are joined.
 */
export function merge(first: PartialSpec, second: PartialSpec): PartialSpec {
  const merged: Record<string, unknown> = { ...first };
  for (const [key, value] of Object.entries(second)) if (value !== undefined) merged[key] = value;
  for (const key of LISTS) {
    if (first[key] !== undefined && second[key] !== undefined) merged[key] = [...first[key], ...second[key]];
  }
  if (first.kernel !== undefined && second.kernel !== undefined) {
    const { tar, ucode, modules, ...others } = second.kernel;
    merged.kernel = {
      ...first.kernel,
      ...given(others),
      ...(tar == null ? {} : { tar }),
      ...(ucode === undefined ? {} : { ucode }),
      ...(modules === undefined ? {} : { modules: joinedModules(first.kernel.modules, modules) }),
    };
  }
  if (first.debian !== undefined && second.debian !== undefined) {
    const repositories = [...(first.debian.repositories ?? []), ...(second.debian.repositories ?? [])];
    merged.debian = {
      ...first.debian,
      ...given(second.debian),
      ...(repositories.length > 0 ? { repositories } : {}),
    };
  }
  if (first.network !== undefined && second.network !== undefined) {
    merged.network = joinLists(first.network, second.network, NETWORK_LISTS);
  }
  if (first.ready !== undefined && second.ready !== undefined) merged.ready = { ...first.ready, ...second.ready };
  return merged as PartialSpec;
}

/** Two maps of lists as one. */
function joinLists<K extends string, T extends { [key in K]?: readonly unknown[] | undefined }>(
  first: T,
  second: T,
  keys: readonly K[],
): T {
  const lists = keys.map((key) => [key, [...(first[key] ?? []), ...(second[key] ?? [])]] as const);
  return Object.fromEntries(lists.filter(([, list]) => list.length > 0)) as T;
}

type Modules = NonNullable<PartialSpec['kernel']>['modules'];

function joinedModules(first: Modules, second: Modules): Modules {
  return Array.isArray(first) && Array.isArray(second) ? [...first, ...second] : second;
}

function given(values: object): object {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined && value !== ''));
}
