import { createHash } from 'node:crypto';
import { canonicalJson, hexOf, type Json, sha256, shortDigest } from '../../model/index.js';
import { documentUrn, timeText } from './document-id.js';
import type { Inventory } from './inventory.js';
import { type Item, type ItemKind, readablePart } from './item.js';
import { isLicenceExpression } from './licence.js';

/** The SPDX specification 2.3, in JSON (annex E); sections are cited below. */

/** Section 7.24: what a package is for. */
const PURPOSES: Readonly<Record<Exclude<ItemKind, 'file'>, string>> = {
  package: 'LIBRARY',
  image: 'CONTAINER',
  folder: 'FILE',
  kernel: 'OPERATING-SYSTEM',
  init: 'APPLICATION',
};

/** Section 7.2 and others: ids within the document. */
const DOCUMENT = 'SPDXRef-DOCUMENT';
const IMAGE = 'SPDXRef-image';
const FILES = 'SPDXRef-files';
const UNKNOWN = 'NOASSERTION';

/** The document of an image: the image is a package, and contains all else. */
export function spdxDocument(inventory: Inventory): Json {
  const { digest, recipe, sourceDateEpoch, items } = inventory;
  const packages = items.filter(({ kind }) => kind !== 'file');
  const files = items.filter(({ kind }) => kind === 'file');
  const licences = extractedLicences(items);
  const body = {
    // Section 6.
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: DOCUMENT,
    name: `ingot-image-${shortDigest(digest)}`,
    creationInfo: { created: timeText(sourceDateEpoch), creators: [`Tool: ingot-recipe-${recipe}`] },
    packages: [
      imagePackage(inventory),
      ...packages.map(packageOf),
      ...(files.length === 0 ? [] : [filesPackage(files)]),
    ],
    ...(files.length === 0 ? {} : { files: files.map(fileOf) }),
    // Section 10.
    ...(licences.length === 0 ? {} : { hasExtractedLicensingInfos: licences }),
    relationships: relationshipsOf(items),
  };
  // Section 6.5: a name that no other document has.
  return { ...body, documentNamespace: documentUrn(canonicalJson(body as unknown as Json)) } as unknown as Json;
}

function imagePackage({ digest, platform }: Inventory): Json {
  return {
    SPDXID: IMAGE,
    name: 'ingot-image',
    versionInfo: digest,
    downloadLocation: UNKNOWN,
    filesAnalyzed: false,
    primaryPackagePurpose: 'OPERATING-SYSTEM',
    comment: `A root file system for ${platform}. The version is the digest of its lock.`,
    ...terms(undefined),
  };
}

/** Section 7. */
function packageOf(item: Item): Json {
  const { kind, id, name, version, url, sha256: hex, source, licences, supplier, places, reference } = item;
  const said = [
    ...(reference === undefined ? [] : [`Reference: ${reference}`]),
    ...(places.length === 0 ? [] : [`Used by: ${places.join(', ')}`]),
  ];
  return {
    SPDXID: spdxId(id),
    name,
    ...(version ? { versionInfo: version } : {}),
    ...(supplier === undefined ? {} : { supplier: `Organization: ${supplier}` }),
    downloadLocation: UNKNOWN,
    filesAnalyzed: false,
    ...(hex === undefined ? {} : { checksums: [{ algorithm: 'SHA256', checksumValue: hex }] }),
    ...(source === undefined ? {} : { sourceInfo: `built from the source package ${source}` }),
    ...(kind === 'file' ? {} : { primaryPackagePurpose: PURPOSES[kind] }),
    ...(url === undefined
      ? {}
      : {
          externalRefs: [{ referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: url }],
        }),
    ...(said.length === 0 ? {} : { comment: said.join('. ') }),
    ...terms(licences),
  };
}

/** Section 7.8: only a package whose files were all looked at may contain any, so the user's are one by themselves. */
function filesPackage(files: readonly Item[]): Json {
  // Section 7.9.
  const sums = files.map(({ sha1 }) => sha1 ?? '').sort();
  const code = createHash('sha1').update(sums.join('')).digest('hex');
  return {
    SPDXID: FILES,
    name: 'files',
    downloadLocation: UNKNOWN,
    filesAnalyzed: true,
    packageVerificationCode: { packageVerificationCodeValue: code },
    comment: 'The files that the spec lays into the root.',
    ...terms(undefined),
  };
}

/** Section 8. */
function fileOf({ id, name, sha1, sha256: hex }: Item): Json {
  return {
    SPDXID: spdxId(id),
    fileName: `./${name}`,
    checksums: [
      { algorithm: 'SHA1', checksumValue: sha1 ?? '' },
      { algorithm: 'SHA256', checksumValue: hex ?? '' },
    ],
    licenseConcluded: UNKNOWN,
    copyrightText: UNKNOWN,
  };
}

/** Sections 7.13, 7.15 and 7.17. */
function terms(licences: readonly string[] | undefined): Readonly<Record<string, string>> {
  return { licenseConcluded: UNKNOWN, licenseDeclared: declared(licences ?? []), copyrightText: UNKNOWN };
}

/** Annex D: all of the terms hold. */
function declared(licences: readonly string[]): string {
  const [only, ...others] = licences.map((text) => (isLicenceExpression(text) ? text : licenceRef(text)));
  if (only === undefined) return UNKNOWN;
  if (others.length === 0) return only;
  return [only, ...others].map((part) => (part.includes(' ') ? `(${part})` : part)).join(' AND ');
}

/** Section 10.1. */
function licenceRef(text: string): string {
  return `LicenseRef-${readablePart(text)}${hexOf(sha256(text)).slice(0, 16)}`;
}

function extractedLicences(items: readonly Item[]): Json[] {
  const texts = items.flatMap(({ licences = [] }) => licences.filter((text) => !isLicenceExpression(text)));
  return [...new Set(texts)].sort().map((text) => ({ licenseId: licenceRef(text), name: text, extractedText: text }));
}

/** Section 11. */
function relationshipsOf(items: readonly Item[]): Json[] {
  const contains = items.flatMap(({ kind, id, within }) => {
    const parents = kind === 'file' ? [FILES] : within.length === 0 ? [IMAGE] : within.map(spdxId);
    return parents.map((parent) => relationship(parent, 'CONTAINS', spdxId(id)));
  });
  const hasFiles = items.some(({ kind }) => kind === 'file');
  return [
    relationship(DOCUMENT, 'DESCRIBES', IMAGE),
    ...(hasFiles ? [relationship(IMAGE, 'CONTAINS', FILES)] : []),
    ...contains,
  ];
}

function relationship(spdxElementId: string, relationshipType: string, relatedSpdxElement: string): Json {
  return { spdxElementId, relationshipType, relatedSpdxElement };
}

function spdxId(id: string): string {
  return `SPDXRef-${id}`;
}
