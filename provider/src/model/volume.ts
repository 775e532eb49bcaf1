import type { Container } from './spec/container.js';
import type { Volume } from './spec/volume.js';

/** One place of a container where a volume is named. */
export interface VolumeUse {
  readonly name: string;
  /** Below the container: `binds`, 0. */
  readonly path: readonly [key: 'binds' | 'binds.add' | 'mounts', index: number];
  readonly isReadonly: boolean;
}

/** Where a volume is on the machine, for containers to be given. */
export function volumePath(name: string): string {
  return `/containers/volumes/${name}/merged`;
}

/** Where a container names volumes: as sources of binds that are no absolute paths. */
export function volumeUses(container: Container): VolumeUse[] {
  const uses: VolumeUse[] = [];
  for (const key of ['binds', 'binds.add'] as const) {
    for (const [index, bind] of (container[key] ?? []).entries()) {
      // An entry that was refused is undefined.
      const [source = '', , options = ''] = bind?.split(':') ?? [];
      if (source === '' || source.startsWith('/')) continue;
      uses.push({ name: source, path: [key, index], isReadonly: options.split(',').includes('ro') });
    }
  }
  for (const [index, mount] of (container.mounts ?? []).entries()) {
    if (mount?.type !== 'bind' || !mount.source || mount.source.startsWith('/')) continue;
    uses.push({ name: mount.source, path: ['mounts', index], isReadonly: mount.options?.includes('ro') === true });
  }
  return uses;
}

/** The container with the paths of these volumes in the place of their names. Other names stay. */
export function withVolumes(container: Container, volumes: readonly Pick<Volume, 'name'>[]): Container {
  const named = new Set(volumes.map(({ name }) => name));
  const uses = volumeUses(container).filter(({ name }) => named.has(name));
  if (uses.length === 0) return container;
  const changed = new Set(uses.map(({ path }) => path.join()));
  const bindsOf = (key: 'binds' | 'binds.add') =>
    container[key]?.map((bind, index) => {
      if (!changed.has(`${key},${index}`)) return bind;
      const [source = '', ...rest] = bind.split(':');
      return [volumePath(source), ...rest].join(':');
    });
  const mounts = container.mounts?.map((mount, index) =>
    changed.has(`mounts,${index}`) ? { ...mount, source: volumePath(mount.source ?? '') } : mount,
  );
  const binds = bindsOf('binds');
  const added = bindsOf('binds.add');
  return {
    ...container,
    ...(binds === undefined ? {} : { binds }),
    ...(added === undefined ? {} : { 'binds.add': added }),
    ...(mounts === undefined ? {} : { mounts }),
  };
}
