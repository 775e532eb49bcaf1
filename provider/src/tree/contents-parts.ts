import type { Contents, TreeEntry } from '../model/index.js';

/** Parts of a description that follow from the entries alone. */

export function sortedRecord(members: readonly (readonly [string, string])[]): Record<string, string> {
  return Object.fromEntries([...members].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}

/** Versions by name; where there are several of one package, all of them. */
export function versionsByName(
  packages: Iterable<{ readonly name: string; readonly version: string }>,
): Record<string, string> {
  const versions = new Map<string, Set<string>>();
  for (const { name, version } of packages) {
    const known = versions.get(name);
    if (known === undefined) versions.set(name, new Set([version]));
    else known.add(version);
  }
  return sortedRecord([...versions].map(([name, known]) => [name, [...known].sort().join(', ')]));
}

export function setuidIn(entries: readonly TreeEntry[]): string[] {
  return entries.filter(({ type, mode }) => type === 'file' && (mode & 0o6000) !== 0).map(({ path }) => path);
}

export function sizesOf(entries: readonly TreeEntry[]): Contents['sizes'] {
  return {
    rootBytes: entries.reduce((sum, { content }) => sum + (content?.sizeBytes ?? 0), 0),
    files: entries.filter(({ type }) => type === 'file').length,
  };
}

const RELEASE = /^(?:usr\/)?lib\/modules\/([^/]+)\//;

/** The release that the kernel's modules are for, by the folder that they lie in; empty where there is none. */
export function kernelRelease(entries: readonly TreeEntry[]): string {
  for (const { path } of entries) {
    const match = RELEASE.exec(path);
    if (match !== null) return match[1] as string;
  }
  return '';
}

const MAX_COMMAND_LENGTH = 100;

/** A command as one line; its whole is in the digest beside it. */
export function commandLine(args: readonly string[]): string {
  const text = args.join(' ');
  return text.length <= MAX_COMMAND_LENGTH ? text : `${text.slice(0, MAX_COMMAND_LENGTH)}…`;
}
