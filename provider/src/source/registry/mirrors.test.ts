import { describe, expect, test } from 'vitest';
import { mirrorsOf, parseMirrors } from './mirrors.js';

describe('parseMirrors()', () => {
  test.each<[readonly string[], string, readonly string[]]>([
    [['docker.io=https://a.example'], 'docker.io', ['https://a.example/']],
    [['index.docker.io=https://a.example/x'], 'docker.io', ['https://a.example/x']],
    [['docker.io=https://a.example'], 'other.example', []],
    [['https://a.example'], 'other.example', ['https://a.example/']],
    [['=https://a.example'], 'other.example', ['https://a.example/']],
    [['*=https://a.example'], 'other.example', ['https://a.example/']],
    [['R.example:5000=http://a.example:1'], 'r.example:5000', ['http://a.example:1/']],
    [['R.example:5000=http://a.example:1'], 'r.example', []],
    [
      ['https://all.example', 'r.example=https://one.example', 'r.example=https://two.example'],
      'r.example',
      ['https://one.example/', 'https://two.example/', 'https://all.example/'],
    ],
  ])('reads %j: for %s %j', (entries, registry, wanted) => {
    expect(mirrorsOf(registry, parseMirrors(entries)).map(({ href }) => href)).toEqual(wanted);
  });

  test.each(['a.example', 'docker.io=a.example', 'docker.io=', '', 'x=file:///a', 'x=https://a/?k=s3cret', 'https://'])(
    'refuses %j, and does not show it',
    (entry) => {
      expect(() => parseMirrors([entry])).toThrow(expect.objectContaining({ code: 'no-mirror' }));
      expect(() => parseMirrors([entry])).not.toThrow(/s3cret/);
    },
  );
});
