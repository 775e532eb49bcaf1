import { canonicalJson, type Json, shortDigest } from '../../model/digest.js';
import type { Pin, PinnedPackage } from '../../model/pin.js';
import type { LockFileContent } from './content.js';
import { packagesOf } from './update.js';

/** One thing that is pinned to something else than before. */
export interface PinChange {
  readonly kind: 'package' | 'image' | 'reference' | 'init' | 'recipe' | 'platform' | 'suite';
  /** Of a package, or the reference. */
  readonly name: string;
  /** A version, or the beginning of a digest; none for what was not there. */
  readonly before?: string;
  readonly after?: string;
  /** The references that it is in; those of Ingot's own init are under `init`. Sorted. */
  readonly in: readonly string[];
}

/** What stands for Ingot's own init among references. */
export const INIT_NAME = 'init';

/**
 * What differs between two contents of a lock file, packages first, each kind sorted by name. A package that moves from
 * one version to another in several references is one change; a reference that is new or gone is one, whatever it has.
 */
export function pinChanges(before: LockFileContent, after: LockFileContent): PinChange[] {
  const changes = new Map<string, PinChange & { in: string[] }>();
  const add = (change: Omit<PinChange, 'in'>, reference?: string): void => {
    const key = JSON.stringify([change.kind, change.name, change.before, change.after]);
    const known = changes.get(key) ?? { ...change, in: [] };
    if (reference !== undefined) known.in.push(reference);
    changes.set(key, known);
  };
  const [old, current] = [pinsOf(before), pinsOf(after)];
  for (const reference of [...new Set([...old.keys(), ...current.keys()])].sort()) {
    const [left, right] = [old.get(reference), current.get(reference)];
    if (left === undefined || right === undefined || left.kind !== right.kind) {
      const [one, other] = [left && described(left), right && described(right)];
      add({ kind: 'reference', name: reference, ...(one ? { before: one } : {}), ...(other ? { after: other } : {}) });
    } else if (left.kind === 'debian') {
      for (const change of packageChanges(left, right)) add(change, reference);
    } else if (canonicalJson(left as unknown as Json) !== canonicalJson(right as unknown as Json)) {
      add({ kind: 'image', name: reference, before: described(left), after: described(right) }, reference);
    }
  }
  if (before.guest && after.guest) {
    const [one, other] = [guestText(before.guest), guestText(after.guest)];
    if (one !== other) add({ kind: 'init', name: "Ingot's own init", before: one, after: other });
  }
  for (const kind of ['platform', 'suite', 'recipe'] as const) {
    if (before[kind] !== after[kind]) add({ kind, name: kind, before: `${before[kind]}`, after: `${after[kind]}` });
  }
  const order: readonly PinChange['kind'][] = ['package', 'image', 'reference', 'init', 'recipe', 'platform', 'suite'];
  return [...changes.values()].sort(
    (left, right) => order.indexOf(left.kind) - order.indexOf(right.kind) || (left.name < right.name ? -1 : 1),
  );
}

function pinsOf({ pins, guest }: LockFileContent): Map<string, Pin> {
  return new Map([...Object.entries(pins), ...(guest ? [[INIT_NAME, guest.pin] as const] : [])]);
}

function packageChanges(left: Pin, right: Pin): Omit<PinChange, 'in'>[] {
  const [old, current] = [byName(packagesOf(left)), byName(packagesOf(right))];
  return [...new Set([...old.keys(), ...current.keys()])].flatMap((name) => {
    const [before, after] = [old.get(name), current.get(name)];
    if (before?.digest === after?.digest) return [];
    return [
      {
        kind: 'package' as const,
        name,
        ...(before ? { before: before.version } : {}),
        ...(after ? { after: after.version } : {}),
      },
    ];
  });
}

function byName(packages: readonly PinnedPackage[]): Map<string, PinnedPackage> {
  return new Map(packages.map((pinned) => [pinned.name, pinned]));
}

/** A pin in a few words. */
export function described(pin: Pin): string {
  switch (pin.kind) {
    case 'debian':
      return pin.packages.length === 1 ? '1 package' : `${pin.packages.length} packages`;
    case 'image':
      return shortDigest(pin.manifest);
    case 'directory':
      return shortDigest(pin.digest);
  }
}

function guestText({ version, digest }: NonNullable<LockFileContent['guest']>): string {
  return `version ${version}${digest === undefined ? '' : ` (${shortDigest(digest)})`}`;
}
