import { CAPABILITIES, type Container, RLIMITS } from '../model/spec.js';
import type { SpecErrorCode } from './error.js';
import { type Path, quote } from './property.js';
import { suggestion } from './suggest.js';

/** Says that something at a path is wrong: the message goes on after the property's name. */
export type Complain = (
  path: Path,
  message: string,
  /** `invalid-value` where no code is given; `earlier` is what it is in conflict with. */
  details?: { readonly code?: SpecErrorCode; readonly earlier?: Path },
) => void;

/** What a container's fields have to be beyond their types, by LinuxKit's rules (facts 2.7). */
export function checkContainer(container: Container, path: Path, complain: Complain): void {
  for (const key of ['capabilities', 'capabilities.add', 'ambient'] as const) {
    checkCapabilities(container[key], [...path, key], complain);
  }
  for (const key of ['binds', 'binds.add'] as const) {
    each(container[key], [...path, key], (bind, at) => checkBind(bind, at, complain));
  }
  each(container.tmpfs, [...path, 'tmpfs'], (tmpfs, at) => checkTmpfs(tmpfs, at, complain));
  each(container.mounts, [...path, 'mounts'], (mount, at) => checkMount(mount, at, complain));
  each(container.devices, [...path, 'devices'], (device, at) => checkDevice(device, at, complain));
  each(container.rlimits, [...path, 'rlimits'], (rlimit, at) => checkRlimit(rlimit, at, complain));
  each(container.env, [...path, 'env'], (variable, at) => {
    if (variable.indexOf('=') < 1) complain(at, `must be NAME=value, got ${quote(variable)}`);
  });
}

/** Looks at every item of a list; where an item was refused already there is nothing (see `soundParts`). */
export function each<T>(list: readonly T[] | undefined, path: Path, check: (item: T, path: Path) => void): void {
  for (const [index, item] of (list ?? []).entries()) if (item !== undefined) check(item, [...path, index]);
}

function checkCapabilities(names: readonly string[] | undefined, path: Path, complain: Complain): void {
  const known: readonly string[] = CAPABILITIES;
  each(names, path, (name, at) => {
    if (/^(all|none)$/i.test(name)) {
      if (names?.length !== 1) complain(at, `is ${quote(name)}, which must stand alone`);
      return;
    }
    if (known.includes(name)) return;
    const full = name.toUpperCase().replace(/^(CAP_)?/, 'CAP_');
    complain(at, `is no capability of Linux: ${quote(name)}${suggestion(full, known)}`);
  });
}

const BIND = 'must be source:destination[:options]';

function checkBind(bind: string, path: Path, complain: Complain): void {
  const parts = bind.split(':');
  const [source = '', destination = ''] = parts;
  if (parts.length < 2 || parts.length > 3) complain(path, `${BIND}, got ${quote(bind)}`);
  else if (source === '' || destination === '') complain(path, `${BIND}, got ${quote(bind)}`);
  else if (!destination.startsWith('/'))
    complain(path, `must have a destination that starts with "/", got ${quote(bind)}`);
  else if (parts[2] === '') complain(path, `has no options after the second colon: ${quote(bind)}`);
}

function checkTmpfs(tmpfs: string, path: Path, complain: Complain): void {
  const [destination = '', options, more] = tmpfs.split(':');
  if (more !== undefined || options === '') complain(path, `must be destination[:options], got ${quote(tmpfs)}`);
  else if (!destination.startsWith('/')) complain(path, `must start with "/", got ${quote(tmpfs)}`);
}

/** Types whose name may stand as the source alone, with the place where they are mounted by themselves. */
const STANDARD_MOUNTS = new Set(['cgroup', 'devpts', 'mqueue', 'proc', 'sysfs']);

function checkMount(mount: NonNullable<Container['mounts']>[number], path: Path, complain: Complain): void {
  const { source = '', destination = '' } = mount;
  const implied = STANDARD_MOUNTS.has(source) ? source : destination === '/dev' ? 'tmpfs' : '';
  const type = mount.type || implied;
  if (type === '') complain(path, 'has no "type", and neither source nor destination say it', { code: 'missing' });
  else if (destination === '' && !STANDARD_MOUNTS.has(type))
    complain(path, 'has no "destination"', { code: 'missing' });
}

function checkDevice(device: NonNullable<Container['devices']>[number], path: Path, complain: Complain): void {
  if (device.path === 'all') return;
  if (device.type === 'a') complain([...path, 'type'], 'can be "a" only where the path is "all"');
  if (!device.path.startsWith('/'))
    complain([...path, 'path'], `must start with "/" or be "all", got ${quote(device.path)}`);
  const needed = device.type === 'p' ? (['mode'] as const) : (['major', 'minor', 'mode'] as const);
  const missing = needed.filter((key) => device[key] === undefined).map((key) => `"${key}"`);
  if (missing.length > 0) complain(path, `has no ${missing.join(', ')}`, { code: 'missing' });
}

const UINT64_MAX = 2n ** 64n - 1n;

function checkRlimit(rlimit: string, path: Path, complain: Complain): void {
  const [name = '', soft, hard, more] = rlimit.split(',').map((part) => part.trim());
  if (soft === undefined || hard === undefined || more !== undefined) {
    complain(path, `must be name,soft,hard, got ${quote(rlimit)}`);
    return;
  }
  const known: readonly string[] = RLIMITS;
  const full = name.toUpperCase().replace(/^(RLIMIT_)?/, 'RLIMIT_');
  if (!known.includes(full)) complain(path, `is no limit of Linux: ${quote(name)}${suggestion(full, known)}`);
  const limits = [soft, hard].map(limitOf);
  const [softLimit, hardLimit] = limits;
  if (softLimit === undefined || hardLimit === undefined) {
    complain(path, `must have numbers or "unlimited" for its limits, got ${quote(rlimit)}`);
  } else if (softLimit > hardLimit) {
    complain(path, `has a soft limit over the hard one: ${quote(rlimit)}`);
  }
}

/** A limit as the kernel counts it, where unlimited is the greatest number. */
function limitOf(text: string): bigint | undefined {
  if (text.toLowerCase() === 'unlimited') return UINT64_MAX;
  if (!/^[0-9]{1,20}$/.test(text)) return undefined;
  const limit = BigInt(text);
  return limit <= UINT64_MAX ? limit : undefined;
}
