import { describe, expect, test } from 'vitest';
import { licencesIn } from './debian-licence.js';

const FORMAT = 'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n';
const files = (...licences: readonly string[]) =>
  FORMAT + licences.map((licence) => `\nFiles: *\nCopyright: x\nLicense: ${licence}\n`).join('');

describe('licencesIn()', () => {
  test.each([
    ['Expat', 'MIT'],
    ['GPL-2', 'GPL-2.0-only'],
    ['GPL-2.0+', 'GPL-2.0-or-later'],
    ['LGPL-2.1+', 'LGPL-2.1-or-later'],
    ['AGPL-3', 'AGPL-3.0-only'],
    ['BSD-3-clause', 'BSD-3-Clause'],
    ['ZLIB', 'Zlib'],
    ['Expat or GPL-2 and ISC', 'MIT OR GPL-2.0-only AND ISC'],
  ])('gives %s its name in SPDX', (debian, spdx) => {
    expect(licencesIn(files(debian))).toEqual([spdx]);
  });

  test('takes terms that all hold one by one', () => {
    expect(licencesIn(files('GPL-3+ and ISC and permissive', 'ISC'))).toEqual([
      'GPL-3.0-or-later',
      'ISC',
      'permissive',
    ]);
  });

  test.each(['permissive', 'GPL-2+ with OpenSSL exception', 'GPL-4', 'Expat or permissive'])(
    'leaves %s as it is',
    (name) => {
      expect(licencesIn(files(name))).toEqual([name]);
    },
  );

  test('gives each once, sorted, and only those of files', () => {
    const text = `${files('Zlib', 'Expat', 'Zlib\n The text.')}\nLicense: GPL-3\n Of nothing.\n`;
    expect(licencesIn(text)).toEqual(['MIT', 'Zlib']);
  });

  test.each(['', 'This package was debianized by …', `${FORMAT}\nno field\n`, `${FORMAT}\nFiles: *\n`])(
    'has no word of %j',
    (text) => {
      expect(licencesIn(text)).toEqual([]);
    },
  );
});
