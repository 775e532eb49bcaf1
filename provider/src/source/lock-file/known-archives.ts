import type { Pin } from '../../model/pin.js';
import type { Spec } from '../../model/spec.js';

/** Which archives the packages of a spec can be in, beside those of the distribution. */
export interface KnownArchives {
  /** Names of vendors' repositories. */
  readonly names: ReadonlySet<string>;
  /** Whether some have no name in the spec: what pins call these is known once they were asked. */
  readonly others: boolean;
}

export function knownArchives({ debian }: Pick<Spec, 'debian'>): KnownArchives {
  const repositories = debian?.repositories ?? [];
  const names = repositories.flatMap(({ name }) => name ?? []);
  return { names: new Set(names), others: names.length < repositories.length };
}

const OF_DISTRIBUTIONS: ReadonlySet<string> = new Set(['main', 'security', 'ubuntu', 'ubuntu-security']);

/** Names of repositories that packages of a pin lie in, and that none of the known ones can be, sorted. */
export function unknownArchives(pin: Pin, { names, others }: KnownArchives): string[] {
  if (pin.kind !== 'debian' || others) return [];
  const unknown = pin.packages
    // Files of the user lie in none.
    .filter(
      ({ archive, relations }) => relations === undefined && !names.has(archive) && !OF_DISTRIBUTIONS.has(archive),
    )
    .map(({ archive }) => archive);
  return [...new Set(unknown)].sort();
}

/** Whether a pin of an earlier lock does for a spec: packages are of one suite, images of none. */
export function mayStay(
  pin: Pin,
  { suite, known }: { readonly suite: string; readonly known: KnownArchives },
): boolean {
  return pin.kind !== 'debian' || (pin.suite === suite && unknownArchives(pin, known).length === 0);
}
