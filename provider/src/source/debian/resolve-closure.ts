import type { PinnedPackage } from '../../model/pin.js';
import { SourceError } from '../error.js';
import { type Alternative, type Dependency, formatAlternative, formatDependency } from './dependency.js';
import type { PackageRequest } from './resolve-request.js';
import { type Candidate, meets, refusalBetween, type Universe } from './resolve-universe.js';

export interface ClosureOptions {
  readonly reference: string;
  readonly suite: string;
  readonly requests: readonly PackageRequest[];
  readonly keep: readonly PinnedPackage[];
  readonly follow: (name: string) => boolean;
  readonly always: readonly string[];
  /** Called where a name is unknown; throws. */
  readonly onUnknown: (name: string) => Promise<never>;
  readonly signal: AbortSignal;
}

/** What a package must be that was chosen too early, found out later. */
interface Constraint {
  readonly wanted: Alternative;
  /** Name of the package that wants it. */
  readonly by: string;
}

/** By name of the package. Each round of choosing knows more of them. */
type Constraints = Map<string, Constraint[]>;

/** Every round adds a constraint; a suite that hangs together needs no second one. */
const MAX_ROUNDS = 200;
/** The largest task of Debian has some 2,000. */
const MAX_PACKAGES = 20_000;

/**
 * The packages asked for and all that they need, in no particular order. For each dependency: what is chosen already,
 * else the first alternative that can be had. Those that leave a choice come last, as in apt since its version 3: often
 * one of the others has brought what they want. No search: where a version that was chosen turns out to be the wrong one
 * for a later dependency, choosing begins again with that known.
 * @throws {SourceError} `unsatisfiable`, `conflict`, and what `onUnknown` throws.
 */
export async function closureOf(universe: Universe, options: ClosureOptions): Promise<Candidate[]> {
  const constraints: Constraints = new Map();
  for (let round = 0; round < MAX_ROUNDS; round++) {
    options.signal.throwIfAborted();
    const choice = new Choice(universe, options, constraints);
    const learned = await choice.make();
    if (learned === undefined) return choice.packages;
    const { name } = learned.wanted;
    constraints.set(name, [...(constraints.get(name) ?? []), learned]);
  }
  throw new SourceError(
    'unsatisfiable',
    `Cannot resolve ${options.reference}: no versions that fit together were found in ${MAX_ROUNDS} rounds; name exact versions, such as deb:crun=1.21-1`,
  );
}

interface Chosen {
  readonly candidate: Candidate;
  /** Name of the package that needs it; undefined for what was asked for. */
  readonly by: string | undefined;
}

/** A dependency of a package that was chosen. */
interface Need {
  readonly dependency: Dependency;
  readonly by: Candidate;
  /** Whether it was put off already. */
  readonly last?: true;
}

function needsOf(by: Candidate): Need[] {
  return by.needs.map((dependency) => ({ dependency, by }));
}

/** One round of choosing. */
class Choice {
  readonly #universe: Universe;
  readonly #options: ClosureOptions;
  readonly #constraints: Constraints;
  readonly #chosen = new Map<string, Chosen>();

  constructor(universe: Universe, options: ClosureOptions, constraints: Constraints) {
    this.#universe = universe;
    this.#options = options;
    this.#constraints = constraints;
  }

  get packages(): Candidate[] {
    return [...this.#chosen.values()].map(({ candidate }) => candidate);
  }

  /** @returns a constraint to begin again with; undefined when all is chosen. */
  async make(): Promise<Constraint | undefined> {
    const { requests, always, reference } = this.#options;
    const followed: Candidate[] = [];
    for (const request of requests) followed.push(await this.#chooseRequest(request));
    const asked = new Set(requests.map(({ name }) => name));
    for (const name of always) {
      if (!asked.has(name)) await this.#chooseRequest({ name });
    }
    const open = followed.flatMap(needsOf);
    const withChoice: Need[] = [];
    for (let next = open.shift() ?? withChoice.shift(); next !== undefined; next = open.shift() ?? withChoice.shift()) {
      if (!next.last && (await this.#hasChoice(next.dependency))) {
        withChoice.push({ ...next, last: true });
        continue;
      }
      const found = await this.#satisfy(next.dependency, next.by);
      if (found === undefined) continue;
      if ('wanted' in found) return found;
      open.push(...needsOf(found));
      if (this.#chosen.size > MAX_PACKAGES) {
        throw new SourceError('too-large', `Cannot resolve ${reference}: it needs more than ${MAX_PACKAGES} packages`);
      }
    }
    this.#checkConflicts();
    return undefined;
  }

  /** Whether several packages could meet a dependency: it may be met anyway, once all is there that others leave no choice about. */
  async #hasChoice(dependency: Dependency): Promise<boolean> {
    const { follow } = this.#options;
    const alternatives = dependency.filter((one) => this.#universe.accepts(one) && follow(one.name));
    const [wanted] = alternatives;
    if (wanted === undefined || alternatives.length > 1) return alternatives.length > 1;
    if ((await this.#universe.candidates(wanted.name)).length > 0) return false;
    const providers = await this.#universe.providers(wanted);
    return providers.some(({ name }) => name !== providers[0]?.name);
  }

  async #chooseRequest({ name, version }: PackageRequest): Promise<Candidate> {
    const exact: Alternative = { name, ...(version === undefined ? {} : { version: { relation: '=', version } }) };
    const all = await this.#universe.candidates(name);
    const [candidate] = await this.#preferred(exact);
    if (candidate !== undefined) return this.#choose(candidate, undefined);
    if (all.length === 0) return this.#chooseOnlyProvider(exact);
    const { reference, suite } = this.#options;
    const wanted = [formatAlternative(exact), ...this.#wantsOf(name)].join(', although ');
    throw new SourceError(
      'unsatisfiable',
      `Cannot resolve ${reference}: ${suite} has no ${wanted}; it has ${name} ${versionsOf(all)}`,
      { context: { path: reference, got: versionsOf(all), want: wanted } },
    );
  }

  /** A name that only stands for others is taken where there is no choice. */
  async #chooseOnlyProvider(wanted: Alternative): Promise<Candidate> {
    const providers = await this.#universe.providers(wanted);
    const names = [...new Set(providers.map(({ name }) => name))];
    const [only] = providers;
    if (only === undefined) return this.#options.onUnknown(wanted.name);
    if (names.length === 1) return this.#choose(only, undefined);
    throw new SourceError(
      'unknown-package',
      `Cannot resolve ${this.#options.reference}: ${wanted.name} is not a package, but what several provide; name one of ` +
        `${names.slice(0, 10).join(', ')}`,
      { context: { path: this.#options.reference, got: wanted.name } },
    );
  }

  /** @returns the package that was chosen for it, a constraint to begin again with, or undefined: nothing to do. */
  async #satisfy(dependency: Dependency, by: Candidate): Promise<Candidate | Constraint | undefined> {
    const { follow } = this.#options;
    const alternatives = dependency.filter((one) => this.#universe.accepts(one));
    if (!alternatives.some(({ name }) => follow(name))) return undefined;
    if (alternatives.some((one) => this.#isMet(one))) return undefined;
    let refused: Candidate | undefined;
    for (const alternative of alternatives.filter(({ name }) => follow(name))) {
      const candidates = await this.#available(alternative);
      const candidate = candidates.find((one) => this.#refusedBy(one) === undefined);
      if (candidate !== undefined) return this.#choose(candidate, by.name);
      refused ??= candidates[0];
    }
    const wanted = await this.#wrongChoice(alternatives);
    if (wanted !== undefined) return { wanted, by: by.name };
    // Chosen all the same: the check at the end says best what refuses what.
    if (refused !== undefined) return this.#choose(refused, by.name);
    return this.#fail(dependency, by);
  }

  #isMet(wanted: Alternative): boolean {
    const same = this.#chosen.get(wanted.name)?.candidate;
    if (same !== undefined && meets(same, wanted)) return true;
    return this.packages.some((candidate) => meets(candidate, wanted));
  }

  /** What could be chosen for an alternative, the best first: the package of that name, then those that provide it. */
  async #available(wanted: Alternative): Promise<Candidate[]> {
    const own = this.#chosen.has(wanted.name) ? [] : await this.#preferred(wanted);
    const providers = await this.#universe.providers(wanted);
    const free = providers.filter((one) => !this.#chosen.has(one.name) && this.#fits(one));
    const kept = free.filter((one) => this.#isKept(one));
    return [...own, ...kept, ...free.filter((one) => !kept.includes(one))];
  }

  /** Candidates of a name that fit all that is known of it: kept versions first, then the newest. */
  async #preferred(wanted: Alternative): Promise<Candidate[]> {
    const fitting = (await this.#universe.candidates(wanted.name)).filter(
      (one) => meets(one, wanted) && this.#fits(one),
    );
    const kept = fitting.filter((one) => this.#isKept(one));
    return [...kept, ...fitting.filter((one) => !kept.includes(one))];
  }

  #fits(candidate: Candidate): boolean {
    const exact = this.#options.requests.find(({ name }) => name === candidate.name)?.version;
    if (exact !== undefined && exact !== candidate.version) return false;
    return (this.#constraints.get(candidate.name) ?? []).every(({ wanted }) => meets(candidate, wanted));
  }

  #isKept({ name, version, digest }: Candidate): boolean {
    return this.#options.keep.some((one) => one.name === name && one.version === version && one.digest === digest);
  }

  /** A package that was chosen in another version than is wanted now, and could be had in that one. */
  async #wrongChoice(alternatives: readonly Alternative[]): Promise<Alternative | undefined> {
    for (const wanted of alternatives) {
      if (!this.#chosen.has(wanted.name)) continue;
      if ((await this.#preferred(wanted)).length > 0) return wanted;
    }
    return undefined;
  }

  #choose(candidate: Candidate, by: string | undefined): Candidate {
    this.#chosen.set(candidate.name, { candidate, by });
    return candidate;
  }

  #refusedBy(candidate: Candidate): Candidate | undefined {
    return this.packages.find((one) => refusalBetween(one, candidate) !== undefined);
  }

  #checkConflicts(): void {
    const { reference } = this.#options;
    const packages = this.packages.sort((left, right) => (left.name < right.name ? -1 : 1));
    for (const [index, left] of packages.entries()) {
      for (const right of packages.slice(index + 1)) {
        const refusal = refusalBetween(left, right);
        if (refusal === undefined) continue;
        throw new SourceError(
          'conflict',
          `Cannot resolve ${reference}: ${this.#chainOf(left)} and ${this.#chainOf(right)} may not be installed together ` +
            `(${refusal.by.name} conflicts with or breaks ${formatAlternative(refusal.refused)}); use separate images or containers, or name another of the alternatives`,
          { context: { path: reference, got: `${left.name}, ${right.name}` } },
        );
      }
    }
  }

  async #fail(dependency: Dependency, by: Candidate): Promise<never> {
    const { reference, suite } = this.#options;
    const there: string[] = [];
    for (const { name } of dependency) {
      const chosen = this.#chosen.get(name)?.candidate.version;
      const all = await this.#universe.candidates(name);
      const others = this.#wantsOf(name);
      if (chosen !== undefined) there.push(`${name} ${chosen} is wanted by others`);
      else if (others.length > 0) there.push(...others);
      else if (all.length > 0) there.push(`${suite} has ${name} ${versionsOf(all)}`);
    }
    throw new SourceError(
      'unsatisfiable',
      `Cannot resolve ${reference}: ${this.#chainOf(by)} needs ${formatDependency(dependency)}, which nothing in ${suite} ` +
        `for this architecture gives${there.length > 0 ? ` (${there.join('; ')})` : ''}`,
      { context: { path: reference, want: formatDependency(dependency) } },
    );
  }

  /** What others need of a name, as far as that was found out: `bar needs libfoo (= 2)`. */
  #wantsOf(name: string): string[] {
    return (this.#constraints.get(name) ?? []).map(({ wanted, by }) => `${by} needs ${formatAlternative(wanted)}`);
  }

  /** `libfoo 1.2 (needed by bar, needed by baz)`. */
  #chainOf(candidate: Candidate): string {
    const chain: string[] = [];
    let by = this.#chosen.get(candidate.name)?.by;
    while (by !== undefined && chain.length < 10) {
      chain.push(`needed by ${by}`);
      by = this.#chosen.get(by)?.by;
    }
    return `${candidate.name} ${candidate.version}${chain.length > 0 ? ` (${chain.join(', ')})` : ''}`;
  }
}

function versionsOf(candidates: readonly Candidate[]): string {
  return candidates.map(({ version }) => version).join(', ');
}
