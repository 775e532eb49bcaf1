import { parseDeb822 } from '../../format/deb822.js';
import { type Digest, isDigest } from '../../model/digest.js';
import { SourceError } from '../error.js';

export interface ListedFile {
  readonly sizeBytes: number;
  readonly digest: Digest;
}

/** What a Release file says of its suite, as far as it is needed here. */
export interface Release {
  readonly origin: string;
  readonly label: string;
  readonly codename: string;
  /** Its other name, such as `stable`. The first ones that were kept had none. */
  readonly suite?: string;
  /** Seconds since 1970. */
  readonly dateSeconds: number;
  /** When a mirror that still gives this one is out of date. */
  readonly validUntilSeconds?: number;
  /** Whether index files can be fetched by their digest, which is safe while a mirror is being updated. */
  readonly acquireByHash: boolean;
  readonly architectures: readonly string[];
  /** The package indexes that were asked for, by their path under the suite: `main/binary-amd64/Packages.xz`. */
  readonly files: Readonly<Record<string, ListedFile>>;
}

const PACKAGES = /^(?:(.+)\/binary-[a-z0-9-]+\/)?Packages(?:\.xz|\.gz)?$/;
const CHECKSUM = /^\s*([0-9a-f]{64})\s+([0-9]{1,15})\s+(\S+)\s*$/;
const MAX_RELEASE_BYTES = 16 << 20;

export interface ReleaseScope {
  /** Whose indexes are listed; none for a flat suite, whose own index is. */
  readonly components: readonly string[];
  /** Fields that a vendor may leave out, which are empty then. Default: none. */
  readonly mayLack?: ReadonlySet<string>;
}

/** Debian's own archives leave nothing out, and `main` is all that is taken from them. */
export const DEBIAN_SCOPE: ReleaseScope = { components: ['main'] };
export const VENDOR_MAY_LACK: ReadonlySet<string> = new Set(['origin', 'codename', 'architectures']);

/**
 * Reads the text of a Release file (Debian's wiki, "RepositoryFormat"), which must have been verified before.
 * @throws {SourceError} `malformed`, with the field.
 */
export function parseRelease(text: string, of: string, scope: ReleaseScope = DEBIAN_SCOPE): Release {
  const fields = onlyStanza(text, of);
  const field = (name: string): string => {
    const value = fields.get(name) ?? (scope.mayLack?.has(name) ? '' : undefined);
    if (value === undefined) throw malformed(of, `it has no field ${name}`);
    return value;
  };
  const validUntil = fields.get('valid-until');
  const suite = fields.get('suite');
  return {
    origin: field('origin'),
    label: fields.get('label') ?? '',
    codename: field('codename'),
    ...(suite === undefined ? {} : { suite }),
    dateSeconds: parseDate(field('date'), of),
    ...(validUntil === undefined ? {} : { validUntilSeconds: parseDate(validUntil, of) }),
    acquireByHash: fields.get('acquire-by-hash') === 'yes',
    architectures: field('architectures').split(/\s+/),
    files: parseFiles(field('sha256'), of, scope),
  };
}

function onlyStanza(text: string, of: string): ReadonlyMap<string, string> {
  try {
    const [stanza, ...others] = parseDeb822(text, { maxStanzaBytes: MAX_RELEASE_BYTES });
    if (stanza !== undefined && others.length === 0) return stanza;
  } catch (cause) {
    throw malformed(of, (cause as Error).message);
  }
  throw malformed(of, 'it is not one stanza');
}

function parseFiles(text: string, of: string, { components }: ReleaseScope): Record<string, ListedFile> {
  const files: Record<string, ListedFile> = {};
  const isWanted = (path: string): boolean => {
    const match = PACKAGES.exec(path);
    if (match === null) return false;
    return match[1] === undefined ? components.length === 0 : components.includes(match[1]);
  };
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const match = CHECKSUM.exec(line);
    if (match === null)
      throw malformed(of, `"${line.slice(0, 80)}" in field sha256 is not a checksum, a size and a path`);
    const [, hex = '', size = '', written = ''] = match;
    const path = written.replace(/^\.\//, '');
    if (!isWanted(path)) continue;
    const digest = `sha256:${hex}`;
    if (isDigest(digest)) files[path] = { digest, sizeBytes: Number(size) };
  }
  return files;
}

const DATE = /^(?:[A-Z][a-z]{2}, )?(\d{1,2}) ([A-Z][a-z]{2}) (\d{4}) +(\d{1,2}):(\d{2}):(\d{2}) (?:UTC|GMT|Z|\+0000)$/;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** The date format of RFC 5322, always in UTC. @returns seconds since 1970. */
function parseDate(text: string, of: string): number {
  const [, day, month = '', year, ...time] = DATE.exec(text) ?? [];
  const index = MONTHS.indexOf(month);
  const [hours, minutes, seconds] = time.map(Number);
  const ms = Date.UTC(Number(year), index, Number(day), hours, minutes, seconds);
  if (index < 0 || Number.isNaN(ms)) throw malformed(of, `"${text.slice(0, 60)}" is not a date`);
  return ms / 1000;
}

function malformed(of: string, problem: string): SourceError {
  return new SourceError('malformed', `Cannot read ${of}: ${problem}; use another mirror`, { context: { path: of } });
}
