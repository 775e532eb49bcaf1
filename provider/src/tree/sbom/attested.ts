import { z } from 'zod';
import type { Attestation } from '../../model/index.js';
import { distinct, type Item, itemId } from './item.js';
import { packageUrlCore } from './package-url.js';

/** As many packages are taken from what is said of one image; real ones have some thousands. */
const MAX_PACKAGES = 50_000;
const MAX_NESTING = 16;

const text = z.string().max(4096);
const optional = text.optional().catch(undefined);

/** SPDX 2.3, section 7, as JSON: what is wanted of it. */
const SpdxPackage = z.object({
  name: text,
  versionInfo: optional,
  licenseDeclared: optional,
  externalRefs: z
    .array(z.object({ referenceType: text, referenceLocator: text }))
    .optional()
    .catch(undefined),
});

/** CycloneDX 1.6, "components". */
const CycloneComponent = z.object({
  name: text,
  version: optional,
  purl: optional,
  components: z.array(z.unknown()).optional().catch(undefined),
});

interface Said {
  readonly name: string;
  readonly version: string | undefined;
  readonly url: string;
  readonly licence: string | undefined;
}

/**
 * The packages that attestations of an image name, and that are not among the items. Those without a package URL are
 * left out, since nobody could look them up, and so is what cannot be read: it is somebody else's word.
 */
export function attestedItems(
  image: Item,
  { items, attestations }: { readonly items: readonly Item[]; readonly attestations: readonly Attestation[] },
): Item[] {
  const known = new Set(
    items.flatMap(({ within, url }) => (url !== undefined && within.includes(image.id) ? [packageUrlCore(url)] : [])),
  );
  const found = new Map<string, Item>();
  for (const { bytes } of attestations) {
    for (const { name, version, url, licence } of packagesIn(bytes)) {
      if (known.has(packageUrlCore(url))) continue;
      const id = itemId('package', name, url);
      found.set(id, {
        ...{ kind: 'package', id, name, url, within: [image.id], places: distinct(image.places) },
        ...(version ? { version } : {}),
        ...(licence ? { licences: [licence] } : {}),
      });
    }
  }
  return [...found.values()];
}

function packagesIn(bytes: Uint8Array): Said[] {
  const statement = parse(bytes);
  // in-toto Attestation Framework, "Statement": the document itself is the predicate.
  const document = membersOf(membersOf(statement)?.predicate) ?? membersOf(statement);
  if (document === undefined) return [];
  if (Array.isArray(document.packages)) return document.packages.slice(0, MAX_PACKAGES).flatMap(fromSpdx);
  return Array.isArray(document.components) ? fromCyclone(document.components) : [];
}

function fromSpdx(value: unknown): Said[] {
  const { data } = SpdxPackage.safeParse(value);
  if (data === undefined) return [];
  const url = data.externalRefs?.find(({ referenceType }) => referenceType === 'purl')?.referenceLocator;
  if (url === undefined || !isPackageUrl(url)) return [];
  const { name, versionInfo: version, licenseDeclared } = data;
  // Terms of another document's own mean nothing in ours.
  const licence =
    licenseDeclared === undefined || /LicenseRef-|^NO/.test(licenseDeclared) ? undefined : licenseDeclared;
  return [{ name, version, url, licence }];
}

function fromCyclone(components: readonly unknown[]): Said[] {
  const said: Said[] = [];
  const pending = [{ components, depth: 0 }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    for (const value of next.components) {
      if (said.length === MAX_PACKAGES) return said;
      const { data } = CycloneComponent.safeParse(value);
      if (data === undefined) continue;
      const { name, version, purl, components: nested } = data;
      if (purl !== undefined && isPackageUrl(purl)) said.push({ name, version, url: purl, licence: undefined });
      if (nested !== undefined && next.depth < MAX_NESTING) pending.push({ components: nested, depth: next.depth + 1 });
    }
  }
  return said;
}

/** purl-spec: a scheme, a type, a name; no signs but those that URLs have. */
function isPackageUrl(url: string): boolean {
  return /^pkg:[a-z][a-z0-9.+-]*\/[A-Za-z0-9._~:/?#@%&=+!$'()*,;-]+$/.test(url);
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
}
