import type { PartialSpec } from './check.js';

/** A source's paths, from being relative to its own folder to being relative to the folder that is named from. */
export function relocate(spec: PartialSpec, directory: string): PartialSpec {
  if (spec.files === undefined || directory === '' || directory === '.') return spec;
  // An entry that was refused is undefined here (see `soundParts`).
  const files = spec.files.map((entry) =>
    entry?.source === undefined ? entry : { ...entry, source: joined(directory, entry.source) },
  );
  return { ...spec, files };
}

/** Joined as text: `..` is left to the file system, which knows where links lead. */
function joined(directory: string, path: string): string {
  if (path.startsWith('/') || path.startsWith('~/')) return path;
  return `${directory.replace(/\/+$/, '')}/${path.replace(/^(\.\/+)+/, '')}`;
}
