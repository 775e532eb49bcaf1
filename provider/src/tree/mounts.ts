import type { Container } from '../model/index.js';
import { compareByBytes } from './byte-order.js';
import { TreeError } from './error.js';

/** A mount as the OCI runtime spec has it (config.md, "Mounts"). */
export interface OciMount {
  readonly destination: string;
  readonly type?: string;
  readonly source?: string;
  readonly options?: readonly string[];
}

const STANDARD_PLACE = new Map([
  ['proc', '/proc'],
  ['devpts', '/dev/pts'],
  ['sysfs', '/sys'],
  ['cgroup', '/sys/fs/cgroup'],
  ['mqueue', '/dev/mqueue'],
]);

/**
 * All mounts of a container, by LinuxKit's rules, sorted by destination: the five that each gets, overridden by
 * `tmpfs`, then `binds`, then `mounts` with the same destination.
 */
export function mountsOf(container: Container, property: string): OciMount[] {
  const mounts = new Map<string, OciMount>();
  const add = (mount: OciMount) => mounts.set(mount.destination, mount);
  for (const mount of standardMounts(container.readonly === true)) add(mount);
  for (const mount of addedMounts(container, property)) add(mount);
  return [...mounts.values()].sort((a, b) => compareByBytes(a.destination, b.destination));
}

/** The mounts that a container asks for itself; of several with the same destination the last one counts. */
export function addedMounts(container: Container, property: string): OciMount[] {
  const { tmpfs = [], mounts = [] } = container;
  return [
    ...tmpfs.map((text, index) => parseTmpfs(text, `${property}.tmpfs[${index}]`)),
    ...bindsOf(container).map((bind) => parseBind(bind, `${property}.binds`)),
    ...mounts.map((mount, index) => completeMount(mount, `${property}.mounts[${index}]`)),
  ];
}

/** `binds` as written; `binds.add` counts where `binds` is not set, since it adds to what an image asks for. */
export function bindsOf(container: Container): readonly string[] {
  return container.binds ?? unique(container['binds.add'] ?? []);
}

export function unique(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)];
}

function standardMounts(readonly: boolean): OciMount[] {
  const ro = readonly ? ['ro'] : [];
  return [
    { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'nodev', 'noexec', 'relatime'] },
    {
      destination: '/dev',
      type: 'tmpfs',
      source: 'tmpfs',
      options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k', ...ro],
    },
    {
      destination: '/dev/pts',
      type: 'devpts',
      source: 'devpts',
      options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620'],
    },
    { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', ...ro] },
    {
      destination: '/sys/fs/cgroup',
      type: 'cgroup',
      source: 'cgroup',
      options: ['nosuid', 'noexec', 'nodev', 'relatime', 'ro'],
    },
  ];
}

function parseTmpfs(text: string, property: string): OciMount {
  const [destination, options, ...more] = text.split(':');
  if (destination === undefined || destination === '' || more.length > 0) {
    throw new TreeError(
      'bad-container',
      `Cannot mount a tmpfs for ${JSON.stringify(text)}: wanted \`destination[:option,option]\``,
      { property, got: text },
    );
  }
  const mount = { destination, type: 'tmpfs', source: 'tmpfs' };
  return options === undefined ? mount : { ...mount, options: options.split(',') };
}

function parseBind(text: string, property: string): OciMount {
  const [source, destination, options, ...more] = text.split(':');
  if (!source || !destination || more.length > 0) {
    throw new TreeError(
      'bad-container',
      `Cannot bind ${JSON.stringify(text)}: wanted \`source:destination[:option,option]\``,
      { property, got: text },
    );
  }
  return {
    destination,
    type: 'bind',
    source,
    options: options === undefined ? ['rw', 'rbind', 'rshared'] : [...options.split(','), 'rbind'],
  };
}

function completeMount(mount: NonNullable<Container['mounts']>[number], property: string): OciMount {
  const { type: written, source, options } = mount;
  const implied = STANDARD_PLACE.has(source ?? '') ? source : undefined;
  const type = written || implied || (mount.destination === '/dev' ? 'tmpfs' : undefined);
  if (type === undefined) {
    throw new TreeError('bad-container', `Cannot mount ${mount.destination ?? source ?? 'nothing'}: it has no type`, {
      property: `${property}.type`,
    });
  }
  const destination = mount.destination || STANDARD_PLACE.get(type);
  if (destination === undefined) {
    throw new TreeError('bad-container', `Cannot mount a ${type}: it has no destination`, {
      property: `${property}.destination`,
    });
  }
  return { destination, type, source: source || type, ...(options === undefined ? {} : { options }) };
}
