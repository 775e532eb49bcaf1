import { DEFAULT_PLATFORM, type Volume } from '../model/spec.js';
import { volumeUses } from '../model/volume.js';
import { type Complain, each } from './check-container.js';
import { checkReference } from './check-reference.js';
import { CONTAINER_SECTIONS, type PartialSpec } from './partial-spec.js';
import { type Path, quote } from './property.js';
import { Said } from './said.js';
import { suggestion } from './suggest.js';

/** What volumes have to be beyond their types. */
export function checkVolumes(volumes: readonly Volume[] | undefined, path: Path, complain: Complain): void {
  each(volumes, path, ({ image, format, platforms }, at) => {
    if (image) checkReference(image, [...at, 'image'], complain);
    if (format === 'oci' && !image) {
      complain(at, 'has the format "oci" and no "image"; wanted a container image', { code: 'missing' });
    } else if (format === 'oci' && /^(deb|dir):/.test(image ?? '')) {
      complain([...at, 'image'], `is no container image, as the format "oci" needs it: ${quote(image ?? '')}`);
    }
    if (platforms !== undefined && format !== 'oci') {
      complain([...at, 'platforms'], 'has a meaning with the format "oci" alone', { code: 'conflict' });
    }
  });
}

/** What can be said of volumes only when all sources are known. */
export function checkVolumesTogether(spec: PartialSpec, complain: Complain): void {
  const names = new Said(complain);
  const platform = spec.platform ?? DEFAULT_PLATFORM;
  each(spec.volumes, ['volumes'], ({ name, platforms }, at) => {
    names.say(name, [...at, 'name'], { remedy: 'volumes must differ in their names', whole: at });
    each(platforms, [...at, 'platforms'], (other, place) => {
      if (other !== platform) complain(place, `is ${quote(other)}; only the machine's own can be, ${quote(platform)}`);
    });
  });
}

/** That what containers name as volumes are some, and that none writes to those that are read-only. */
export function checkVolumeUses(spec: PartialSpec, complain: Complain): void {
  const volumes = new Map<string, Volume>();
  for (const volume of spec.volumes ?? []) if (volume !== undefined) volumes.set(volume.name, volume);
  for (const section of CONTAINER_SECTIONS) {
    each(spec[section], [section], (container, at) => {
      for (const { name, path, isReadonly } of volumeUses(container)) {
        const volume = volumes.get(name);
        if (volume === undefined) {
          const message = `names the volume ${quote(name)}, and there is none; wanted a path that starts with "/", or a volume`;
          complain([...at, ...path], `${message}${suggestion(name, [...volumes.keys()])}`);
        } else if (volume.readonly === true && !isReadonly) {
          const option = path[0] === 'mounts' ? 'the option "ro"' : `":ro" at its end, or "ro" among its options`;
          complain([...at, ...path], `must have ${option}, since the volume ${quote(name)} is read-only`);
        }
      }
    });
  }
}
