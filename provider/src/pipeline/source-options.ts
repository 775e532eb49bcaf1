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

export function sourceOptions(
  { platform, suite }: Pick<Lock, 'platform' | 'suite'>,
  workshop: Workshop,
  inSpec: LockedImage['mirrors'] = {},
): SourceOptions {
  const { store, settings, registries, directory, now, signal, progress } = workshop;
  const mirrors = async (): Promise<Mirrors> => {
    const { findMirrors } = await import('../source/debian/mirrors.js');
    const { repositoryAddresses } = await import('../source/debian/repositories.js');
    const main = inSpec.main ?? settings.mirrors.main;
    const security = inSpec.security ?? settings.mirrors.security;
    const { checkValidUntil } = settings;
    const found = await findMirrors({
      configured: { ...(main ? { main } : {}), ...(security ? { security } : {}) },
      ...(checkValidUntil === undefined ? {} : { checkValidUntil }),
    });
    const { repositories = [] } = inSpec;
    const address = inSpec.snapshot ?? settings.mirrors.snapshot;
    const snapshot = address && { address, lockedAt: Object.values(inSpec.lockedAt ?? {}) };
    return {
      ...found,
      ...(snapshot ? { snapshot } : {}),
      repositories: repositoryAddresses(repositories, settings.registries.environment),
    };
  };
  return { store, platform, suite, mirrors, registries, offline: settings.offline, directory, now, signal, progress };
}
