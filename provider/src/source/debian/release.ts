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
  /** Seconds since 1970. */
  readonly dateSeconds: number;
  /** When a mirror that still gives this one is out of date. */
  readonly validUntilSeconds?: number;
  /** Whether index files can be fetched by their digest, which is safe while a mirror is being updated. */
  readonly acquireByHash: boolean;
  readonly architectures: readonly string[];
  /** The package indexes of `main`, by their path under the suite, such as `main/binary-amd64/Packages.xz`. */
  readonly files: Readonly<Record<string, ListedFile>>;
}

const PACKAGES = /^main\/binary-[a-z0-9-]+\/Packages(?:\.xz|\.gz)?$/;
const CHECKSUM = /^\s*([0-9a-f]{64})\s+([0-9]{1,15})\s+(\S+)\s*$/;
const MAX_RELEASE_BYTES = 16 << 20;

/**
 * Reads the text of a Release file (Debian's wiki, "RepositoryFormat"), which must have been verified before.
 * @throws {SourceError} `malformed`, with the field.
 */
export function parseRelease(text: string, of: string): Release {
  const fields = onlyStanza(text, of);
  const field = (name: string): string => {
    const value = fields.get(name);
    if (value === undefined) throw malformed(of, `it has no field ${name}`);
    return value;
  };
  const validUntil = fields.get('valid-until');
  return {
    origin: field('origin'),
    label: fields.get('label') ?? '',
    codename: field('codename'),
    dateSeconds: parseDate(field('date'), of),
    ...(validUntil === undefined ? {} : { validUntilSeconds: parseDate(validUntil, of) }),
    acquireByHash: fields.get('acquire-by-hash') === 'yes',
    architectures: field('architectures').split(/\s+/),
    files: parseFiles(field('sha256'), of),
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

function parseFiles(text: string, of: string): Record<string, ListedFile> {
  const files: Record<string, ListedFile> = {};
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const match = CHECKSUM.exec(line);
    if (match === null)
      throw malformed(of, `"${line.slice(0, 80)}" in field sha256 is not a checksum, a size and a path`);
    const [, hex = '', size = '', path = ''] = match;
    if (!PACKAGES.test(path)) continue;
    const digest = `sha256:${hex}`;
    if (isDigest(digest)) files[path] = { digest, sizeBytes: Number(size) };
  }
  return files;
}

const DATE = /^(?:[A-Z][a-z]{2}, )?(\d{1,2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) (?:UTC|GMT|Z|\+0000)$/;
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
