import type { PinnedPackage } from '../../model/pin.js';
import { SourceError } from '../error.js';
import { type Alternative, type Dependency, isMetBy, parseDependencies } from './dependency.js';
import type { PackageList } from './packages-index.js';
import type { PackageEntry } from './packages-index-entry.js';
import { DEBIAN_PRIORITY } from './priority.js';
import { compareVersions } from './version.js';

/** One package that can be chosen, with its dependency fields read. */
export interface Candidate extends PackageEntry {
  readonly archive: string;
  /** Of its archive: a higher one goes before a newer version. */
  readonly rank: number;
  /** Pre-Depends, then Depends. */
  readonly needs: readonly Dependency[];
  /** Names it stands for besides its own, with the version where one is given. */
  readonly gives: readonly Alternative[];
  /** Conflicts and Breaks. */
  readonly refuses: readonly Alternative[];
}

/** The packages of one index, and where they lie. */
export interface UniverseIndex {
  readonly archive: string;
  readonly index: PackageList;
  /** Of the archive. Default: that of Debian's own. */
  readonly priority?: number;
}

/** All packages there are: of the release, its updates, its security updates and vendors' repositories together. */
export class Universe {
  readonly #indexes: readonly UniverseIndex[];
  readonly #architecture: string;
  readonly #candidates = new Map<string, Promise<Candidate[]>>();

  constructor(indexes: readonly UniverseIndex[], architecture: string) {
    // Of equal versions the one of the archive with the higher priority is found first.
    this.#indexes = indexes.toSorted((left, right) => priorityOf(right) - priorityOf(left));
    this.#architecture = architecture;
  }

  /**
   * The packages of that name: of the archive with the highest priority first, then the newest first; of equal versions
   * only the one of the earliest index.
   */
  candidates(name: string): Promise<Candidate[]> {
    const known = this.#candidates.get(name);
    if (known !== undefined) return known;
    const found = this.#find(name);
    this.#candidates.set(name, found);
    return found;
  }

  /** The packages that provide what is asked for, sorted by priority, then by name, the newest of each first. */
  async providers(wanted: Alternative): Promise<Candidate[]> {
    const names = new Set<string>();
    for (const { index } of this.#indexes) for (const name of await index.providers(wanted.name)) names.add(name);
    const found: Candidate[] = [];
    for (const name of [...names].sort()) {
      found.push(...(await this.candidates(name)).filter((candidate) => isProvidedBy(wanted, candidate)));
    }
    return found.sort((left, right) => rankOf(left) - rankOf(right));
  }

  async *names(): AsyncGenerator<string, void, undefined> {
    for (const { index } of this.#indexes) yield* index.names();
  }

  /** Whether a name in a dependency, with its qualifier, can be a package of this architecture. */
  accepts({ qualifier }: Alternative): boolean {
    return qualifier === undefined || ['any', 'native', this.#architecture].includes(qualifier);
  }

  async #find(name: string): Promise<Candidate[]> {
    const found: Candidate[] = [];
    for (const { archive, index, priority: rank = DEBIAN_PRIORITY } of this.#indexes) {
      for (const entry of await index.packages(name)) {
        const fits = entry.architecture === 'all' || entry.architecture === this.#architecture;
        if (!fits || found.some(({ version }) => compareVersions(version, entry.version) === 0)) continue;
        found.push({ ...entry, archive, rank, ...this.#relationsOf(entry) });
      }
    }
    return found.sort((left, right) => right.rank - left.rank || compareVersions(right.version, left.version));
  }

  #relationsOf(entry: PackageEntry): Pick<Candidate, 'needs' | 'gives' | 'refuses'> {
    const read = (field: string): Dependency[] => parseDependencies(field, this.#architecture);
    try {
      return {
        needs: [...read(entry.preDepends), ...read(entry.depends)],
        gives: read(entry.provides).flat(),
        refuses: [...read(entry.conflicts), ...read(entry.breaks)].flat().filter((one) => this.accepts(one)),
      };
    } catch (cause) {
      throw new SourceError(
        'malformed',
        `Cannot read the dependencies of ${entry.name} ${entry.version}: ${(cause as Error).message}; use another mirror`,
        { cause },
      );
    }
  }
}

function priorityOf({ priority = DEBIAN_PRIORITY }: UniverseIndex): number {
  return priority;
}

const PRIORITIES = ['required', 'important', 'standard', 'optional'];

/** What Debian holds to be more important is the better choice among equals. */
function rankOf({ priority }: Candidate): number {
  const rank = PRIORITIES.indexOf(priority);
  return rank < 0 ? PRIORITIES.length : rank;
}

/** Debian Policy 7.5: a name that is provided without a version meets no versioned dependency. */
export function isProvidedBy(wanted: Alternative, candidate: Candidate): boolean {
  return candidate.gives.some(
    ({ name, version }) =>
      name === wanted.name &&
      (wanted.version === undefined || (version !== undefined && isMetBy(wanted, { name, version: version.version }))),
  );
}

/** Whether a package meets an alternative, by its own name or by one that it provides. */
export function meets(candidate: Candidate, wanted: Alternative): boolean {
  return isMetBy(wanted, candidate) || isProvidedBy(wanted, candidate);
}

export interface Refusal {
  readonly by: Candidate;
  /** As its Conflicts or Breaks has it. */
  readonly refused: Alternative;
}

/** Why two packages may not be installed together, if so. A package never refuses itself. */
export function refusalBetween(left: Candidate, right: Candidate): Refusal | undefined {
  if (left.name === right.name) return undefined;
  return refusalBy(left, right) ?? refusalBy(right, left);
}

function refusalBy(by: Candidate, other: Candidate): Refusal | undefined {
  const refused = by.refuses.find((one) => meets(other, one));
  return refused && { by, refused };
}

export function pinOf(candidate: Candidate): PinnedPackage {
  const { name, version, architecture, digest, sizeBytes, archive, path, relations } = candidate;
  return { name, version, architecture, digest, sizeBytes, archive, path, ...(relations ? { relations } : {}) };
}
