import { expect, test } from 'vitest';
import { IngotError } from '../model/error.js';
import { locate } from './locate.js';
import { parseSources } from './parse.js';

class LateError extends IngotError {}
const late = (property?: string): LateError =>
  new LateError('late', 'Cannot read a.txt: it is not there', property === undefined ? {} : { context: { property } });
const parsed = parseSources([{ name: 'web.yml', text: 'files:\n  - path: a\n    source: a.txt\n' }]);

test('locate() gives a late error its place in the spec', () => {
  const error = locate(late('files[0].source'), parsed) as Error;
  expect(error.message).toMatch(/^web\.yml:3:13: Cannot read a\.txt: it is not there\n.*source: a\.txt/s);
  expect(error.cause).toBeInstanceOf(LateError);
});

test('locate() leaves errors that concern no property', () => {
  for (const error of [late(), new Error('x')]) expect(locate(error, parsed)).toBe(error);
});
