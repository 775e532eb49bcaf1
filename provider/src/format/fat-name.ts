import { FormatError } from './error.js';

/** Names of files: Microsoft's "FAT: General Overview of On-Disk Format" 1.03, sections as cited. */

/** "FAT Directory Structure", DIR_Name: eight bytes and three, filled with blanks, without the dot. */
export type ShortName = string;

/** "Long Directory Entries": 255 characters, not counting the NUL. */
const LONG_NAME_UNITS = 255;
/** "Limits and Character Sets": what a long name may have beside letters, digits and what is not ASCII. */
const LONG_NAME = /^[^\x00-\x1f\x7f"*/:<>?\\|]+$/u;
/** "DIR_Name[0]" and those that follow: what a short name may have. */
const SHORT_CHARACTER = /[A-Z0-9!#$%&'()@^_`{}~-]/;
const SHORT_NAME = new RegExp(`^(?:${SHORT_CHARACTER.source}){1,8}(?:\\.(?:${SHORT_CHARACTER.source}){1,3})?$`);
/** "The Numeric-Tail Generation Algorithm": ~1 to ~999999. */
const TAIL_LIMIT = 999_999;

/** Whether the name must stand in long entries too, since the short one does not say it as it is. */
export function needsLongName(name: string): boolean {
  return !SHORT_NAME.test(name);
}

/**
 * A short name for each of the names of one folder, in their order; no two are the same.
 * @throws {FormatError} `out-of-range` for a name that FAT cannot hold, or two that differ in case alone.
 */
export function shortNames(names: readonly string[]): ShortName[] {
  names.forEach(checkName);
  const seen = new Map<string, string>();
  for (const name of names) {
    const folded = name.toUpperCase();
    const other = seen.get(folded);
    if (other !== undefined) throw refused(name, `is ${JSON.stringify(other)} too, since case does not count`);
    seen.set(folded, name);
  }
  // What is a short name by itself comes first: a tail must not take its place.
  const used = new Set(names.filter((name) => !needsLongName(name)).map(padded));
  return names.map((name) => {
    if (!needsLongName(name)) return padded(name);
    const short = aliasOf(name, used);
    used.add(short);
    return short;
  });
}

/** "The Basis-Name Generation Algorithm" and "The Numeric-Tail Generation Algorithm". */
function aliasOf(name: string, used: ReadonlySet<ShortName>): ShortName {
  const plain = upperAscii(name).replaceAll(' ', '').replace(/^\.+/, '');
  const dot = plain.lastIndexOf('.');
  const base = legal((dot === -1 ? plain : plain.slice(0, dot)).replaceAll('.', ''));
  const extension = legal(dot === -1 ? '' : plain.slice(dot + 1));
  const isWhole = `${base}${extension === '' ? '' : `.${extension}`}` === upperAscii(name);
  if (isWhole && base !== '' && base.length <= 8 && extension.length <= 3) {
    const short = base.padEnd(8) + extension.padEnd(3);
    if (!used.has(short)) return short;
  }
  for (let number = 1; number <= TAIL_LIMIT; number += 1) {
    const tail = `~${number}`;
    const short = (base.slice(0, 8 - tail.length) + tail).padEnd(8) + extension.slice(0, 3).padEnd(3);
    if (!used.has(short)) return short;
  }
  throw refused(name, `has more than ${TAIL_LIMIT} others that begin as it does`);
}

/** What is not ASCII has no place in a short name, whatever its case. */
function upperAscii(text: string): string {
  return text.replace(/[a-z]+/g, (letters) => letters.toUpperCase());
}

/** What a short name cannot have becomes an underscore, a UTF-16 unit each. */
function legal(text: string): string {
  let result = '';
  for (let at = 0; at < text.length; at += 1) result += SHORT_CHARACTER.test(text.charAt(at)) ? text.charAt(at) : '_';
  return result;
}

function padded(name: string): ShortName {
  const [base = '', extension = ''] = name.split('.');
  return base.padEnd(8) + extension.padEnd(3);
}

function checkName(name: string): void {
  if (!LONG_NAME.test(name) || !name.isWellFormed())
    throw refused(name, 'is empty or has a character FAT does not allow');
  if (name.length > LONG_NAME_UNITS)
    throw refused(name, `has ${name.length} UTF-16 units; wanted ${LONG_NAME_UNITS} at most`);
  // "Limits and Character Sets": trailing periods and blanks are ignored; this refuses `.` and `..` as well.
  if (/[. ]$/.test(name)) throw refused(name, 'ends in a period or a blank');
}

function refused(name: string, problem: string): FormatError {
  return new FormatError(
    'out-of-range',
    `Cannot write the name ${JSON.stringify(name)} to a FAT volume: it ${problem}`,
    {
      context: { path: name, property: 'path' },
    },
  );
}
