import { canonicalJson, type Json } from '../model/digest.js';
import type { Pin } from '../model/pin.js';
import { localReferenceText, parseReference } from '../model/reference.js';
import { type ResolveOptions, type Role, resolve } from './transport.js';

/** What references to images on this machine stand for now. */
export interface LocalImages {
  /** By reference as in the spec: what stands for it in the lock, where no path of this machine may be. */
  readonly names: ReadonlyMap<string, string>;
  /** By name. */
  readonly pins: Readonly<Record<string, Pin>>;
  /** By name: the reference as in the spec, to find the image again. */
  readonly images: Readonly<Record<string, string>>;
}

/**
 * Resolves the references that lead to this machine. They are the user's own files, so what they hold now counts: no
 * pin of an earlier lock is kept for them. In their names, only the last part of the path is left.
 * @throws {SourceError} as resolve() does.
 */
export async function resolveLocal(
  references: Iterable<readonly [reference: string, { readonly role: Role; readonly property: string }]>,
  options: Omit<ResolveOptions, 'keep' | 'property'>,
): Promise<LocalImages> {
  const names = new Map<string, string>();
  const pins: Record<string, Pin> = {};
  const images: Record<string, string> = {};
  for (const [reference, { role, property }] of references) {
    const { local } = parseReference(reference);
    if (local === undefined) continue;
    const pin = await resolve(reference, role, { ...options, keep: [], property });
    const short = { ...local, path: lastPart(local.path) };
    // Two that are called the same and are not: numbered in the order of the spec.
    let name = localReferenceText(short);
    for (let number = 2; name in pins && !isSame(pins[name] as Pin, pin); number++) {
      name = localReferenceText({ ...short, path: `${short.path}#${number}` });
    }
    names.set(reference, name);
    pins[name] = pin;
    images[name] ??= reference;
  }
  return { names, pins, images };
}

function lastPart(path: string): string {
  return (
    path
      .split('/')
      .filter((part) => part !== '')
      .pop() ?? '/'
  );
}

function isSame(one: Pin, other: Pin): boolean {
  return canonicalJson(one as unknown as Json) === canonicalJson(other as unknown as Json);
}
