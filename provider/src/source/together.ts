import type { Pin } from '../model/pin.js';
import { SourceError } from './error.js';

/** Two pins whose packages lie in one root: those of the spec, and those that Ingot's own init takes files from. */
export interface Together {
  readonly packages: Pin;
  readonly guest: Pin;
}

export interface TogetherOptions {
  /** Pins that stay if they can. */
  readonly kept: { readonly packages?: Pin | undefined; readonly guest?: Pin | undefined };
  /** Packages that keep their version, where nothing else decides. */
  readonly keep: readonly Pin[];
  readonly resolve: (which: keyof Together, keep: readonly Pin[]) => Promise<Pin>;
}

/**
 * Resolves both so that a package that both have is the same one in both: a root holds one version of a library. Pins
 * that stay are moved only where the other one needs another version.
 * @throws {SourceError} `conflict` where no versions suit both; and what `resolve` throws.
 */
export async function resolveTogether({ kept, keep, resolve }: TogetherOptions): Promise<Together> {
  let guest = kept.guest ?? (await resolve('guest', preferring(kept.packages, keep)));
  let packages = kept.packages ?? (await resolve('packages', preferring(guest, keep)));
  if (difference(packages, guest) === undefined) return { packages, guest };
  guest = await resolve('guest', preferring(packages, keep));
  if (difference(packages, guest) === undefined) return { packages, guest };
  packages = await resolve('packages', preferring(guest, keep));
  const different = difference(packages, guest);
  if (different === undefined) return { packages, guest };
  const { name, wanted, needed } = different;
  throw new SourceError(
    'conflict',
    `Cannot lay the packages of the spec beside Ingot's own init: they need ${name} ${wanted}, and it needs ${name} ` +
      `${needed}; name another version, or run them in a container`,
    { context: { property: 'packages', got: wanted, want: needed } },
  );
}

/** Pins to keep versions of, among which only those of one pin count for the packages that it has. */
function preferring(pin: Pin | undefined, keep: readonly Pin[]): Pin[] {
  if (pin?.kind !== 'debian') return [...keep];
  const names = new Set(pin.packages.map(({ name }) => name));
  const others = keep.map((other) =>
    other.kind === 'debian' ? { ...other, packages: other.packages.filter(({ name }) => !names.has(name)) } : other,
  );
  return [pin, ...others];
}

/** The first package, by name, that two pins have in different versions. */
function difference(packages: Pin, guest: Pin): { name: string; wanted: string; needed: string } | undefined {
  if (packages.kind !== 'debian' || guest.kind !== 'debian') return undefined;
  const needed = new Map(guest.packages.map((one) => [one.name, one]));
  for (const { name, version, digest } of packages.packages) {
    const other = needed.get(name);
    if (other !== undefined && other.digest !== digest) return { name, wanted: version, needed: other.version };
  }
  return undefined;
}
