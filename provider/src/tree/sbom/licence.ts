/** Ids of the SPDX licence list that packages are most often under. One that is not here is carried as its own text. */
export const LICENCE_IDS: ReadonlySet<string> = new Set(
  (
    '0BSD Apache-1.1 Apache-2.0 Artistic-1.0-Perl Artistic-2.0 BSD-1-Clause BSD-2-Clause BSD-2-Clause-Patent ' +
    'BSD-3-Clause BSD-4-Clause BSL-1.0 BlueOak-1.0.0 CC-BY-3.0 CC-BY-4.0 CC-BY-SA-3.0 CC-BY-SA-4.0 CC0-1.0 CDDL-1.0 ' +
    'EPL-1.0 EPL-2.0 EUPL-1.2 GFDL-1.3-or-later GPL-1.0-only GPL-1.0-or-later GPL-2.0-only GPL-2.0-or-later ' +
    'GPL-3.0-only GPL-3.0-or-later AGPL-3.0-only AGPL-3.0-or-later ICU IJG ISC LGPL-2.0-only LGPL-2.0-or-later ' +
    'LGPL-2.1-only LGPL-2.1-or-later LGPL-3.0-only LGPL-3.0-or-later Libpng MIT MIT-0 MIT-CMU MPL-1.1 MPL-2.0 NCSA ' +
    'OFL-1.1 OLDAP-2.8 OpenSSL PHP-3.01 PSF-2.0 PostgreSQL Python-2.0 Python-2.0.1 Ruby Sleepycat TCL Unicode-3.0 ' +
    'Unicode-DFS-2016 Unlicense Vim W3C WTFPL X11 ZPL-2.1 Zlib blessing bzip2-1.0.6 curl libtiff zlib-acknowledgement'
  ).split(' '),
);

const BY_LOWER_CASE = new Map([...LICENCE_IDS].map((id) => [id.toLowerCase(), id]));
/** Debian's names of others than those of its GNU family. */
const DEBIAN = new Map([
  ['expat', 'MIT'],
  ['openldap-2.8', 'OLDAP-2.8'],
]);
/** `GPL-2+`, `LGPL-2.1`, `AGPL-3.0+`. */
const GNU = /^([al]?gpl)-([1-3])(?:\.([01]))?(\+?)$/;

/** The id of the SPDX licence list for a name that Debian gives a licence; the name where there is none. */
export function licenceId(name: string): string {
  const lower = name.toLowerCase();
  const [, family = '', major, minor = '0', plus] = GNU.exec(lower) ?? [];
  const id = major === undefined ? lower : `${family}-${major}.${minor}-${plus === '+' ? 'or-later' : 'only'}`;
  return DEBIAN.get(lower) ?? BY_LOWER_CASE.get(id) ?? name;
}

/** Whether a text is an SPDX licence expression (SPDX 2.3, annex D) of licences that are known here. */
export function isLicenceExpression(text: string): boolean {
  const words = text.match(/[()]|[^\s()]+/g) ?? [];
  let depth = 0;
  let wantsTerm = true;
  for (const word of words) {
    if (word === '(') {
      if (!wantsTerm) return false;
      depth += 1;
    } else if (word === ')') {
      if (wantsTerm || depth === 0) return false;
      depth -= 1;
    } else if (word === 'AND' || word === 'OR') {
      if (wantsTerm) return false;
      wantsTerm = true;
    } else {
      if (!wantsTerm || !LICENCE_IDS.has(word)) return false;
      wantsTerm = false;
    }
  }
  return depth === 0 && !wantsTerm;
}
