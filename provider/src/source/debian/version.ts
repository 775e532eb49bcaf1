/** Longest version that is compared; Debian's own are below 100 characters. */
const MAX_LENGTH = 512;

/** deb-version(7): epoch of digits, then letters, digits and `.+-~:`. */
const VERSION = /^(?:[0-9]+:)?[A-Za-z0-9.+~:-]+$/;

/** Whether a text may stand as a version in an index or a dependency. */
export function isVersion(text: string): boolean {
  return text.length <= MAX_LENGTH && VERSION.test(text);
}

/**
 * Orders two versions as dpkg does (deb-version(7), "Sorting algorithm"): epoch, upstream version, revision.
 * @returns negative where `left` is older, zero where they are equal, positive where it is newer.
 */
export function compareVersions(left: string, right: string): number {
  if (left === right) return 0;
  const a = split(left);
  const b = split(right);
  return compareDigits(a.epoch, b.epoch) || comparePart(a.upstream, b.upstream) || comparePart(a.revision, b.revision);
}

export type VersionRelation = '<<' | '<=' | '=' | '>=' | '>>';

/** Whether `version` stands in `relation` to `wanted`, as in a dependency `name (relation wanted)`. */
export function satisfies(version: string, relation: VersionRelation, wanted: string): boolean {
  const order = compareVersions(version, wanted);
  switch (relation) {
    case '<<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '=':
      return order === 0;
    case '>=':
      return order >= 0;
    case '>>':
      return order > 0;
  }
}

/** A missing epoch is 0, and so is a missing revision. */
function split(version: string): { epoch: string; upstream: string; revision: string } {
  const colon = version.indexOf(':');
  const rest = version.slice(colon + 1);
  const dash = rest.lastIndexOf('-');
  return {
    epoch: colon < 0 ? '0' : version.slice(0, colon),
    upstream: dash < 0 ? rest : rest.slice(0, dash),
    revision: dash < 0 ? '0' : rest.slice(dash + 1),
  };
}

/** Runs of other characters and runs of digits, by turns. */
function comparePart(left: string, right: string): number {
  let i = 0;
  let j = 0;
  while (i < left.length || j < right.length) {
    while ((i < left.length && !isDigit(left, i)) || (j < right.length && !isDigit(right, j))) {
      const order = rank(left, i) - rank(right, j);
      if (order !== 0) return order;
      i += 1;
      j += 1;
    }
    const startOfLeft = i;
    const startOfRight = j;
    while (isDigit(left, i)) i += 1;
    while (isDigit(right, j)) j += 1;
    const order = compareDigits(left.slice(startOfLeft, i), right.slice(startOfRight, j));
    if (order !== 0) return order;
  }
  return 0;
}

/** A tilde sorts before the end, the end and digits before letters, letters before everything else. */
function rank(text: string, index: number): number {
  const code = text.charCodeAt(index);
  if (Number.isNaN(code) || isDigit(text, index)) return 0;
  if (code === 0x7e) return -1;
  const isLetter = (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a);
  return isLetter ? code : code + 256;
}

function isDigit(text: string, index: number): boolean {
  const code = text.charCodeAt(index);
  return code >= 0x30 && code <= 0x39;
}

/** Numbers of any length, so never through a floating-point number. */
function compareDigits(left: string, right: string): number {
  const a = left.replace(/^0+/, '');
  const b = right.replace(/^0+/, '');
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}
