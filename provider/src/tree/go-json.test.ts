import fc from 'fast-check';
import { expect, test } from 'vitest';
import { goJson } from './go-json.js';

test('goJson() indents with four spaces, and writes empty lists and objects on one line', () => {
  expect(goJson({ a: [1, { b: 'x' }], c: [], d: {}, e: undefined })).toBe(
    '{\n    "a": [\n        1,\n        {\n            "b": "x"\n        }\n    ],\n    "c": [],\n    "d": {}\n}',
  );
});

test('goJson() escapes what Go escapes', () => {
  expect(goJson('<a href="x">&\u2028\u2029\ud800\n\u0001é')).toBe(
    '"\\u003ca href=\\"x\\"\\u003e\\u0026\\u2028\\u2029\ufffd\\n\\u0001é"',
  );
});

test('goJson() sorts the keys of maps by bytes, keeps the order of objects, and writes 64-bit numbers whole', () => {
  const map = new Map([
    ['b', 1],
    ['10', 2],
    ['9', 3],
    ['\u{10000}', 4],
    ['\uffee', 5],
  ]);
  expect(goJson(map).replaceAll(/\s/g, '')).toBe('{"10":2,"9":3,"b":1,"\uffee":5,"\u{10000}":4}');
  expect(goJson({ z: 1, a: 18446744073709551615n }).replaceAll(/\s/g, '')).toBe('{"z":1,"a":18446744073709551615}');
});

test('goJson() is JSON that says the same', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = goJson(value as Parameters<typeof goJson>[0]);
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});
