import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalJson, isDigest, type Json, sha256 } from './digest.js';

test('sha256() is in OCI notation', () => {
  // FIPS 180-2, appendix B.1
  expect(sha256('abc')).toBe('sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  expect(isDigest(sha256(''))).toBe(true);
  expect(isDigest('sha256:ABC')).toBe(false);
});

test('canonicalJson() sorts members and leaves out what is undefined', () => {
  expect(canonicalJson({ b: 1, a: [true, null, 'ü'], c: undefined })).toBe('{"a":[true,null,"ü"],"b":1}');
});

test('canonicalJson() refuses fractions', () => {
  expect(() => canonicalJson({ a: 0.5 })).toThrow(/not a safe integer/);
});

test('canonicalJson() does not depend on the order of members, and can be read back', () => {
  const json = fc.letrec<{ value: Json }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.string(),
      fc.boolean(),
      fc.maxSafeInteger(),
      fc.constant(null),
      fc.array(tie('value')),
      fc.dictionary(fc.string(), tie('value')),
    ),
  })).value;
  fc.assert(
    fc.property(json, (value) => {
      expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      expect(canonicalJson(reversed(value))).toBe(canonicalJson(value));
    }),
  );
});

function reversed(value: Json): Json {
  if (Array.isArray(value)) return value.map(reversed);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value as Record<string, Json>)
      .reverse()
      .map(([key, member]) => [key, reversed(member)]),
  );
}
