import { describe, expect, test } from 'vitest';
import { requireFresh, sentenceOf, type Wanted, whyStale } from './stale.js';
import { contentOf, debianPin, imagePin, packagePin } from './testing.fixture.js';

const wanted: Wanted = {
  platform: 'linux/amd64',
  suite: 'trixie',
  references: new Map([
    ['deb:web', { property: 'services[0].image' }],
    ['example.org/app:1', { property: 'services[1].image' }],
  ]),
  guest: true,
};

describe('whyStale()', () => {
  test('finds nothing where the file pins just what the spec refers to', () => {
    expect(whyStale(contentOf(), wanted)).toEqual([]);
    expect(whyStale(contentOf({ guest: null }), { ...wanted, guest: false })).toEqual([]);
  });

  test('takes any recipe, any version of the init, and any version of what is pinned', () => {
    const guest = { version: 7, pin: debianPin('crun=9') };
    const pins = { 'deb:web': debianPin('web=0'), 'example.org/app:1': imagePin('other') };
    expect(whyStale(contentOf({ recipe: 0, guest, pins }), wanted)).toEqual([]);
  });

  test.each([
    [{ platform: 'linux/arm64' as const }, 'it is for the platform linux/arm64, and the spec for linux/amd64'],
    [{ suite: 'sid' }, 'it is for the suite sid, and the spec for trixie'],
    [{ pins: { 'deb:web': debianPin('web=1') } }, 'it does not pin example.org/app:1'],
    [{ pins: { ...contentOf().pins, 'deb:old': debianPin() } }, 'it pins deb:old, which the spec does not name'],
    [{ pins: { ...contentOf().pins, 'deb:web': imagePin('x') } }, 'its pin of deb:web is that of something else'],
    [{ guest: null }, "it does not pin Ingot's own init"],
  ])('finds %j', (changes, want) => {
    expect(whyStale(contentOf(changes), wanted).map(({ text }) => text)).toEqual([want]);
  });

  test('finds packages of a repository that the spec does not have any more', () => {
    const web = { ...debianPin(), packages: [{ ...packagePin('web=1'), archive: 'acme' }] };
    const pins = { ...contentOf().pins, 'deb:web': web };
    expect(whyStale(contentOf({ pins }), wanted)).toEqual([]);
    const archives = { names: new Set(['other']), others: false };
    expect(whyStale(contentOf({ pins }), { ...wanted, archives })).toEqual([
      {
        text: 'its packages for deb:web lie in the repository acme, which is not among debian.repositories',
        property: 'services[0].image',
      },
    ]);
  });

  test('finds an init that the spec replaces', () => {
    const [reason] = whyStale(contentOf(), { ...wanted, guest: false });
    expect(reason).toEqual({ text: "it pins Ingot's own init, and the spec brings another", property: 'init' });
  });

  test('is not misled by names that every object has', () => {
    const references = new Map([['toString', { property: 'init[0]' }]]);
    expect(whyStale(contentOf({ pins: {} }), { ...wanted, references })).toHaveLength(1);
  });
});

describe('requireFresh()', () => {
  const file = { path: 'web.lock.json', command: 'ingot lock web.yml', content: contentOf({ pins: {} }) };

  test('names all reasons, the command, and the first place in the spec', () => {
    expect(() => requireFresh(file, wanted)).toThrow(
      'Cannot use web.lock.json: it does not pin deb:web, and it does not pin example.org/app:1; run `ingot lock web.yml`',
    );
    expect(() => requireFresh(file, wanted)).toThrow(
      expect.objectContaining({ code: 'stale', context: { path: 'web.lock.json', property: 'services[0].image' } }),
    );
  });

  test('shortens a long list', () => {
    expect(sentenceOf('abcdefgh'.split('').map((text) => ({ text })))).toBe('a, b, c, d, e, and 3 more');
  });
});
