import type { Distribution } from '../model/distribution.js';
import type { Lock, LockedImage } from '../model/lock.js';
import type { Spec } from '../model/spec.js';
import type { Mirrors } from '../source/debian/mirrors.js';
import type { SourceOptions } from '../source/transport.js';
import type { Workshop } from './workshop.js';

/** Vendors' repositories of a spec, opened once, when they are needed. */
export function repositoriesOf(
  { debian }: Spec,
  { directory, settings }: Workshop,
): Pick<SourceOptions, 'repositories'> | undefined {
  const declared = debian?.repositories;
  if (declared === undefined) return undefined;
  const { environment } = settings.registries;
  let opened: ReturnType<NonNullable<SourceOptions['repositories']>> | undefined;
  return {
    repositories: () => {
      opened ??= import('../source/debian/repositories.js').then(({ openRepositories }) =>
        openRepositories(declared, { directory, environment }),
      );
      return opened;
    },
  };
}

interface Addresses {
  readonly main?: string | undefined;
  readonly security?: string | undefined;
}

export function sourceOptions(
  { platform, suite, distribution }: Pick<Lock, 'platform' | 'suite' | 'distribution'>,
  workshop: Workshop,
  inSpec: LockedImage['mirrors'] = {},
): SourceOptions {
  const { store, settings, registries, directory, now, signal, progress } = workshop;
  const findAll = async (): Promise<Mirrors> => {
    const { findMirrors } = await import('../source/debian/mirrors.js');
    const { repositoryAddresses } = await import('../source/debian/repositories.js');
    const { checkValidUntil } = settings;
    const find = (whose: Distribution, addresses: Addresses = {}): Promise<Mirrors> => {
      const { main, security } = addresses;
      return findMirrors({
        distribution: whose,
        configured: { ...(main ? { main } : {}), ...(security ? { security } : {}) },
        ...(checkValidUntil === undefined ? {} : { checkValidUntil }),
      });
    };
    const merged = (set: Addresses = {}): Addresses => ({
      main: inSpec.main ?? set.main,
      security: inSpec.security ?? set.security,
    });
    const found =
      distribution === 'ubuntu'
        ? {
            // Of Debian, then, Ingot's own init alone comes, which may be there already, or not be wanted.
            ...(await find('debian', settings.mirrors).catch((noDebian: Error) => ({
              main: '',
              security: '',
              noDebian,
            }))),
            ubuntu: await find('ubuntu', merged(settings.mirrors.ubuntu)),
          }
        : await find('debian', merged(settings.mirrors));
    const address = inSpec.snapshot ?? settings.mirrors.snapshot;
    const snapshot = address && { address, lockedAt: Object.values(inSpec.lockedAt ?? {}) };
    const { repositories = [] } = inSpec;
    const { Http } = await import('../source/registry/http.js');
    const { environment, caFile } = settings.registries;
    const http = await Http.open({ environment, caFile });
    return {
      ...found,
      http,
      ...(snapshot ? { snapshot } : {}),
      repositories: repositoryAddresses(repositories, settings.registries.environment),
    };
  };
  // Looked up once, when they are needed first: what is fetched one after the other shares the connections.
  let found: Promise<Mirrors> | undefined;
  const mirrors = (): Promise<Mirrors> => {
    found ??= findAll();
    return found;
  };
  const whose = distribution ? { distribution } : {};
  return {
    store,
    platform,
    suite,
    ...whose,
    mirrors,
    registries,
    offline: settings.offline,
    directory,
    now,
    signal,
    progress,
  };
}
