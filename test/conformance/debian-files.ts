import { silent } from '../../provider/src/model/progress.js';
import { settingsFrom } from '../../provider/src/settings.js';
import { findMirrors } from '../../provider/src/source/debian/mirrors.js';
import { openPackages } from '../../provider/src/source/debian/open.js';
import { resolvePackages } from '../../provider/src/source/debian/resolve.js';
import { Store } from '../../provider/src/store/store.js';
import { again } from '../again.js';

export interface DebianFilesOptions {
  /** Paths of files that are read. */
  readonly wanted: RegExp;
  /** Names of packages that are taken too, where one that was named needs them. Default: none. */
  readonly follow?: RegExp;
  /** Default: amd64. */
  readonly architecture?: 'amd64' | 'arm64';
}

/** Files of packages of Debian 13, by path, sorted; from this host's mirror by way of the cache. */
export async function debianFiles(
  packages: readonly string[],
  { wanted, follow = /^$/, architecture = 'amd64' }: DebianFilesOptions,
): Promise<Map<string, Buffer>> {
  const settings = settingsFrom(process.env);
  const { signal } = new AbortController();
  await using store = await Store.open(settings.cacheDirectory);
  const mirrors = await findMirrors({ configured: settings.mirrors });
  const surroundings = { store, signal, progress: silent, offline: settings.offline };
  const layers = await again(async () => {
    const pin = await resolvePackages(packages, {
      ...surroundings,
      ...{ mirrors, suite: 'trixie', architecture, now: new Date(), follow: (name) => follow.test(name) },
    });
    return openPackages(pin, { ...surroundings, mirrors: async () => mirrors });
  });
  const files = new Map<string, Buffer>();
  for (const { path, content } of layers.flatMap(({ entries }) => entries)) {
    if (content !== undefined && wanted.test(path)) files.set(path, await store.read(content));
  }
  return new Map([...files].sort(([one], [other]) => (one < other ? -1 : 1)));
}
