import type { Distribution } from '../../model/distribution.js';
import type { DebianArchive } from '../../model/pin.js';
import { SourceError } from '../error.js';
import { DISTRIBUTIONS, type DistributionFacts, mirrorOf } from './distribution.js';
import type { TrustedKey } from './keyring.js';
import type { Mirrors } from './mirrors.js';
import { DEBIAN_PRIORITY } from './priority.js';
import { type Release, type ReleaseScope, VENDOR_MAY_LACK } from './release.js';
import type { Repository } from './repositories.js';

/** One suite of one archive, and by what to know its release. */
export interface Part {
  /** What pins call the archive; undefined where the release has to say it. */
  readonly archive: string | undefined;
  readonly mirror: string;
  readonly suite: string;
  /** Where the suite lies on the mirror; empty, or with a slash at its end. */
  readonly folder: string;
  readonly components: readonly string[];
  readonly scope: ReleaseScope;
  readonly priority: number;
  readonly keys: readonly TrustedKey[];
  /** Under what the last look at it is remembered, with its address. */
  readonly memory: string;
  /** Whether its signature may be in a file of its own. */
  readonly mayBeDetached: boolean;
  /** @throws {SourceError} `wrong-archive` for the release of something else. */
  readonly checkIdentity: (release: Release, of: string) => void;
  /** What to do where it cannot be reached, is not there, or is signed by somebody else. */
  readonly whereSet: string;
  readonly advice404: string;
  readonly advice?: string;
}

/** A release of a distribution, its updates, and its security updates. */
export function distributionParts(options: {
  readonly suite: string;
  readonly mirrors: Mirrors;
  readonly distribution?: Distribution;
  readonly keys?: readonly TrustedKey[];
}): Part[] {
  const { suite, mirrors, distribution = 'debian' } = options;
  const facts = DISTRIBUTIONS[distribution];
  const { components, keys: itsKeys, name: ofWhom, variables } = facts;
  const { keys = itsKeys } = options;
  const part = (archive: DebianArchive, name: string): Part => ({
    ...{
      archive: facts.archives[archive],
      mirror: mirrorOf(mirrors, { distribution, archive }),
      suite: name,
      folder: `dists/${name}/`,
      keys,
    },
    ...{ components, scope: { components }, priority: DEBIAN_PRIORITY, mayBeDetached: false },
    memory: 'debian release 1',
    checkIdentity: (release, of) => checkDistribution(release, { facts, archive, name, suite, of }),
    whereSet: `check the network, and the address of the mirror (debian.mirror in the spec, ${variables.main})`,
    advice404: `check debian.suite in the spec, and that the mirror (${variables[archive]}) is one of ${ofWhom}`,
    ...(distribution === 'debian'
      ? {}
      : { advice: `wanted a release signed by ${ofWhom}, so check the address of the mirror and this host's clock` }),
  });
  const release = part('main', suite);
  // Unstable has neither: fixes go into it directly.
  if (suite === 'sid') return [release];
  return [release, part('main', `${suite}-updates`), part('security', `${suite}-security`)];
}

/** A mirror must not answer with another suite or another archive that the same keys have signed. */
function checkDistribution(
  release: Release,
  {
    facts,
    archive,
    name,
    suite,
    of,
  }: {
    readonly facts: DistributionFacts;
    readonly archive: DebianArchive;
    readonly name: string;
    readonly suite: string;
    readonly of: string;
  },
): void {
  const named: [field: string, got: string, want: string][] =
    facts.suiteField === 'codename'
      ? [['Codename', release.codename, name]]
      : [
          ['Codename', release.codename, suite],
          ['Suite', release.suite ?? '', name],
        ];
  const checks = [
    ['Origin', release.origin, facts.origin],
    ['Label', release.label, facts.labels[archive]],
    ...named,
  ] as const;
  for (const [field, got, want] of checks) {
    if (got === want) continue;
    const isName = field === 'Codename' || field === 'Suite';
    const hint = isName ? 'the suite has to be given by its code name' : 'set the mirror of that archive';
    throw wrongArchive(of, { field, got, want: JSON.stringify(want), hint });
  }
}

/** The suites of a vendor's repository. */
export function vendorParts(repository: Repository): Part[] {
  const { name: archive, address: mirror, keys, priority = DEBIAN_PRIORITY } = repository;
  return repository.suites.map((suite): Part => {
    const isFlat = suite.endsWith('/');
    const components = isFlat ? [''] : repository.components;
    return {
      ...{ archive, mirror, suite, components, priority, keys },
      folder: isFlat ? suite.replace(/^\.?\//, '') : `dists/${suite}/`,
      scope: { components: isFlat ? [] : components, mayLack: VENDOR_MAY_LACK },
      memory: `debian release 2 ${JSON.stringify(components)}`,
      mayBeDetached: true,
      checkIdentity: (release, of) => checkVendor(release, { suite, isFlat, of }),
      whereSet: 'check the network, and the url in debian.repositories',
      advice404: 'check url and suites in debian.repositories',
      advice:
        'wanted a release signed by a key of signedBy in debian.repositories, so check both the key and the address, and ' +
        "this host's clock",
    };
  });
}

/** A vendor's other suites are signed by the same key. What a release does not say cannot be compared. */
function checkVendor(
  { codename, suite: other = '' }: Release,
  { suite, isFlat, of }: { readonly suite: string; readonly isFlat: boolean; readonly of: string },
): void {
  const names = [codename, other].filter((name) => name !== '');
  if (isFlat || names.length === 0) return;
  // Some say only one part of what they are found under: `bookworm` in `bookworm/product/7.0`.
  if (names.some((name) => `/${suite}/`.includes(`/${name}/`))) return;
  const got = names.join('" and "');
  throw wrongArchive(of, {
    field: 'suite',
    got,
    want: JSON.stringify(suite),
    hint: 'check suites in debian.repositories',
  });
}

function wrongArchive(
  of: string,
  { field, got, want, hint }: Readonly<Record<'field' | 'got' | 'want' | 'hint', string>>,
): SourceError {
  return new SourceError('wrong-archive', `Cannot use ${of}: its ${field} is "${got}"; wanted ${want}: ${hint}`, {
    context: { path: of, got, want },
  });
}

const MAX_NAME_LENGTH = 64;

/** What pins call a repository that has no name in the spec: what it says of itself, which no mirror changes. */
export function nameOf({ origin, label }: Release): string {
  for (const text of [origin, label]) {
    const name = text
      .toLowerCase()
      .replaceAll(/[^a-z0-9.]+/g, '-')
      .replaceAll(/^[-.]+|[-.]+$/g, '')
      .slice(0, MAX_NAME_LENGTH);
    if (name !== '' && name !== 'main' && name !== 'security') return name;
  }
  return 'repository';
}
