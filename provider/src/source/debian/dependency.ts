import { isVersion, satisfies, type VersionRelation } from './version.js';

/** One package that a dependency accepts: `name[:qualifier] [(relation version)]`. */
export interface Alternative {
  readonly name: string;
  /** `any`, `native` or an architecture. */
  readonly qualifier?: string;
  readonly version?: { readonly relation: VersionRelation; readonly version: string };
}

/** Any one of these is enough; earlier ones are preferred. */
export type Dependency = readonly Alternative[];

/** The largest field in Debian is below 16 kB; no field of ours may be larger than this. */
export const MAX_DEPENDENCY_LENGTH = 1 << 20;
const MAX_ALTERNATIVES = 10_000;

/**
 * Debian Policy 5.6.1 and 7.1, once runs of white space are one space, which keeps matching linear. Restrictions in
 * brackets only occur in source packages, but are harmless to read.
 */
const ALTERNATIVE =
  /^([A-Za-z0-9][A-Za-z0-9+._-]*)(?::([a-z0-9-]+))? ?(?:\( ?(<<|<=|=|>=|>>|<|>) ?([^ ()]+) ?\))? ?(?:\[([^\]]*)\])? ?((?:<[^<>]*> ?)*)$/;

/** `<` and `>` are old spellings (Policy 7.1 footnote) of `<=` and `>=`. */
const RELATIONS: Readonly<Record<string, VersionRelation>> = {
  '<<': '<<',
  '<': '<=',
  '<=': '<=',
  '=': '=',
  '>=': '>=',
  '>': '>=',
  '>>': '>>',
};

/**
 * Reads a Depends, Pre-Depends, Conflicts, Breaks or Provides field, in its order. Alternatives restricted to other
 * architectures or to a build profile are left out, and with them dependencies that have no other alternative.
 * @throws {SyntaxError} where the text is not such a field, or has more than 10,000 alternatives.
 */
export function parseDependencies(field: string, architecture: string): Dependency[] {
  if (field.length > MAX_DEPENDENCY_LENGTH) {
    throw new SyntaxError(`${field.length} characters; at most ${MAX_DEPENDENCY_LENGTH} are read`);
  }
  const dependencies: Dependency[] = [];
  let count = 0;
  for (const text of field.split(',')) {
    // Policy 7.1 allows no empty members, but old packages have a trailing comma.
    if (text.trim() === '') continue;
    const alternatives: Alternative[] = [];
    for (const alternative of text.split('|')) {
      count += 1;
      if (count > MAX_ALTERNATIVES) throw new SyntaxError(`more than ${MAX_ALTERNATIVES} packages are named`);
      const parsed = parseAlternative(alternative.replace(/\s+/g, ' ').trim(), architecture);
      if (parsed !== undefined) alternatives.push(parsed);
    }
    if (alternatives.length > 0) dependencies.push(alternatives);
  }
  return dependencies;
}

function parseAlternative(text: string, architecture: string): Alternative | undefined {
  const match = ALTERNATIVE.exec(text);
  if (match === null) throw new SyntaxError(`"${excerpt(text)}" is not a package name with an optional version`);
  const [, name = '', qualifier, relation, version, architectures, profiles] = match;
  if (version !== undefined && !isVersion(version)) throw new SyntaxError(`"${excerpt(version)}" is not a version`);
  if (architectures !== undefined && !appliesTo(architectures, architecture)) return undefined;
  // <profile> asks for a build profile, and none is active here; <!profile> asks for its absence.
  if (profiles && !profiles.split('>').some((group) => isActive(group.replace('<', '').trim()))) return undefined;
  return {
    name,
    ...(qualifier === undefined ? {} : { qualifier }),
    ...(relation === undefined || version === undefined
      ? {}
      : { version: { relation: RELATIONS[relation] as VersionRelation, version } }),
  };
}

/** `[amd64 arm64]` or `[!i386]`, with the wildcards that can match Linux (Policy 7.1, 11.1). */
function appliesTo(restriction: string, architecture: string): boolean {
  const words = restriction.split(' ').filter((word) => word !== '');
  const accepted = new Set([architecture, 'any', 'linux-any', `any-${architecture}`, `linux-${architecture}`]);
  const negative = words.some((word) => word.startsWith('!'));
  return negative ? !words.some((word) => accepted.has(word.slice(1))) : words.some((word) => accepted.has(word));
}

function isActive(group: string): boolean {
  return group !== '' && group.split(' ').every((term) => term.startsWith('!'));
}

/** Whether a package of this name and version is what an alternative asks for. */
export function isMetBy(alternative: Alternative, found: { readonly name: string; readonly version: string }): boolean {
  if (alternative.name !== found.name) return false;
  return (
    alternative.version === undefined ||
    satisfies(found.version, alternative.version.relation, alternative.version.version)
  );
}

/** The text of an alternative, as it stands in a field. */
export function formatAlternative(alternative: Alternative): string {
  const { name, qualifier, version } = alternative;
  return `${name}${qualifier ? `:${qualifier}` : ''}${version ? ` (${version.relation} ${version.version})` : ''}`;
}

export function formatDependency(dependency: Dependency): string {
  return dependency.map(formatAlternative).join(' | ');
}

function excerpt(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
