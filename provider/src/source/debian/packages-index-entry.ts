import type { Stanza } from '../../format/deb822.js';
import { type Digest, isDigest } from '../../model/digest.js';
import { isVersion } from './version.js';

/** What resolving needs to know of one package in an index. Dependency fields are as in the index, on one line. */
export interface PackageEntry {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  readonly depends: string;
  readonly preDepends: string;
  readonly provides: string;
  readonly conflicts: string;
  readonly breaks: string;
  /** `required`, `important`, `standard`, `optional` or `extra`. */
  readonly priority: string;
  readonly essential: boolean;
  readonly multiArch: string;
  /** Of the source package, where it is another than the package's own. */
  readonly source: string;
  readonly installedKib: number;
  /** Path of the `.deb` under the root of the archive. */
  readonly path: string;
  readonly sizeBytes: number;
  readonly digest: Digest;
  /** Only of a package file of the user, as pins have it. */
  readonly relations?: Digest;
}

/** The fields of a Packages index that are read (deb822 names in lower case). */
export const PACKAGE_FIELDS: ReadonlySet<string> = new Set([
  ...['package', 'version', 'architecture', 'depends', 'pre-depends', 'provides', 'conflicts', 'breaks'],
  ...['priority', 'essential', 'multi-arch', 'source', 'installed-size', 'filename', 'size', 'sha256'],
]);

/** Debian Policy 5.6.1. */
export const PACKAGE_NAME = /^[a-z0-9][a-z0-9+.-]+$/;
const ARCHITECTURE = /^[a-z0-9][a-z0-9-]*$/;

/**
 * Reads a stanza of a Packages index.
 * @throws {SyntaxError} with the field that is missing or wrong.
 */
export function packageEntryOf(stanza: Stanza): PackageEntry {
  const name = matching(stanza, 'package', PACKAGE_NAME);
  const digest = `sha256:${stanza.get('sha256') ?? ''}`;
  const version = required(stanza, 'version');
  const path = required(stanza, 'filename').replace(/^\.\//, '');
  if (!isVersion(version)) throw wrong(stanza, 'version');
  if (!isDigest(digest)) throw wrong(stanza, 'sha256');
  if (!isInside(path)) throw wrong(stanza, 'filename');
  const text = (field: string): string => plainLine(stanza, field);
  return {
    name,
    version,
    architecture: matching(stanza, 'architecture', ARCHITECTURE),
    depends: text('depends'),
    preDepends: text('pre-depends'),
    provides: text('provides'),
    conflicts: text('conflicts'),
    breaks: text('breaks'),
    priority: text('priority'),
    essential: stanza.get('essential') === 'yes',
    multiArch: text('multi-arch'),
    source: text('source'),
    installedKib: stanza.has('installed-size') ? wholeNumber(stanza, 'installed-size') : 0,
    path,
    sizeBytes: wholeNumber(stanza, 'size'),
    digest,
  };
}

/** An entry as a line of the index file: its fields, the name first, with tabs between them. */
export function formatEntry(entry: PackageEntry): string {
  const { name, version, architecture, depends, preDepends, provides, conflicts, breaks, priority } = entry;
  const { essential, multiArch, source, installedKib, path, sizeBytes, digest } = entry;
  return [
    ...[name, version, architecture, depends, preDepends, provides, conflicts, breaks, priority],
    ...[essential ? 'yes' : '', multiArch, source, installedKib, path, sizeBytes, digest],
  ].join('\t');
}

/** The inverse of formatEntry(), for a line that it wrote, split at its first tab. */
export function parseEntry(name: string, value: string): PackageEntry {
  const [version = '', architecture = '', depends = '', preDepends = '', provides = '', ...rest] = value.split('\t');
  const [conflicts = '', breaks = '', priority = '', essential, multiArch = '', source = '', ...file] = rest;
  const [installedKib, path = '', sizeBytes, digest = ''] = file;
  return {
    ...{
      name,
      version,
      architecture,
      depends,
      preDepends,
      provides,
      conflicts,
      breaks,
      priority,
      multiArch,
      source,
      path,
    },
    essential: essential === 'yes',
    installedKib: Number(installedKib),
    sizeBytes: Number(sizeBytes),
    digest: digest as Digest,
  };
}

function required(stanza: Stanza, field: string): string {
  const value = stanza.get(field);
  if (value === undefined || value === '') throw wrong(stanza, field);
  return value;
}

function matching(stanza: Stanza, field: string, pattern: RegExp): string {
  const value = required(stanza, field);
  if (value.length > 200 || !pattern.test(value)) throw wrong(stanza, field);
  return value;
}

function wholeNumber(stanza: Stanza, field: string): number {
  const value = required(stanza, field);
  const number = Number(value);
  if (!/^[0-9]+$/.test(value) || !Number.isSafeInteger(number)) throw wrong(stanza, field);
  return number;
}

/** Relative, in plain characters, and without a way out. */
function isInside(path: string): boolean {
  return /^[A-Za-z0-9+._~:%/-]+$/.test(path) && path.split('/').every((part) => !/^\.{0,2}$/.test(part));
}

/** What a line of the index file can hold. Most values are that already, and there are a million of them. */
function plainLine(stanza: Stanza, field: string): string {
  const value = stanza.get(field) ?? '';
  return value.includes('\n') || value.includes('\t') ? value.replace(/\s+/g, ' ').trim() : value;
}

function wrong(stanza: Stanza, field: string): SyntaxError {
  const value = stanza.get(field);
  const problem = value === undefined ? 'is missing' : `is ${JSON.stringify(value.slice(0, 80))}`;
  return new SyntaxError(
    `of the package ${JSON.stringify((stanza.get('package') ?? '').slice(0, 80))} the field ${field} ${problem}`,
  );
}
