import { describe, expect, test } from 'vitest';
import { isLicenceExpression } from './licence.js';

describe('isLicenceExpression()', () => {
  test.each(['MIT', 'MIT AND Zlib', '(MIT OR Apache-2.0) AND BSD-3-Clause', '((ISC))'])('knows %s', (text) => {
    expect(isLicenceExpression(text)).toBe(true);
  });

  test.each(['', 'GPL2', 'MIT Zlib', 'MIT AND', 'AND MIT', '(MIT', 'MIT)', '()', 'MIT, Zlib', 'mit', 'MIT (AND) Zlib'])(
    'takes %j for a text',
    (text) => {
      expect(isLicenceExpression(text)).toBe(false);
    },
  );
});
