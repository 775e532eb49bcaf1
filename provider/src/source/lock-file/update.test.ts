import { describe, expect, test } from 'vitest';
import { pinChanges } from './changes.js';
import { outdatedPins, pinnedPackages } from './outdated.js';
import { contentOf, debianPin, imagePin, packagePin } from './testing.fixture.js';
import { updateOf } from './update.js';

const content = contentOf();
const { pins, guest } = content;
const app = 'example.org/app:1';

/** What moves, and what of it keeps its version. */
function planned(...words: string[]): { moves: string[]; keeps: string[]; recipe: boolean } {
  const update = updateOf(words, content);
  const moves = Object.entries(pins).flatMap(([reference, pin]) => (update.moves(reference, pin) ? [reference] : []));
  if (guest && update.movesGuest(guest.pin)) moves.push('init');
  const keeps = [
    ...new Set(
      pinnedPackages(content)
        .filter(update.keeps)
        .map(({ name }) => name),
    ),
  ];
  return { moves, keeps, recipe: update.movesRecipe };
}

describe('updateOf()', () => {
  test.each([
    [[], { moves: ['deb:web', app, 'init'], keeps: [], recipe: true }],
    [['libz'], { moves: ['deb:web'], keeps: ['libc6', 'web', 'crun'], recipe: false }],
    [['deb:libz'], { moves: ['deb:web'], keeps: ['libc6', 'web', 'crun'], recipe: false }],
    [['libc6'], { moves: ['deb:web', 'init'], keeps: ['libz', 'web', 'crun'], recipe: false }],
    [['deb:web'], { moves: ['deb:web'], keeps: ['crun'], recipe: false }],
    [[app], { moves: [app], keeps: ['libc6', 'libz', 'web', 'crun'], recipe: false }],
    [['init'], { moves: ['init'], keeps: ['libz', 'web'], recipe: true }],
    [['crun', app], { moves: [app, 'init'], keeps: ['libc6', 'libz', 'web'], recipe: false }],
  ])('of %j', (words, want) => {
    expect(planned(...words)).toEqual(want);
  });

  test.each([
    ['libzz', 'Cannot update "libzz": nothing of that name is pinned; did you mean libz?'],
    ['deb:wep', 'Cannot update "deb:wep": nothing of that name is pinned; did you mean deb:web?'],
    ['qqqqqqqq', 'Cannot update "qqqqqqqq": nothing of that name is pinned; wanted a reference of the spec'],
    ['toString', 'Cannot update "toString": nothing of that name is pinned'],
  ])('refuses %s', (word, want) => {
    expect(() => updateOf([word], content)).toThrow(want);
    expect(() => updateOf([word], content)).toThrow(expect.objectContaining({ code: 'bad-reference' }));
  });
});

describe('pinChanges()', () => {
  test('finds nothing between the same', () => {
    expect(pinChanges(content, structuredClone(content))).toEqual([]);
  });

  test('finds packages, images, references, the init, and the rest, in this order', () => {
    const after = contentOf({
      recipe: 2,
      suite: 'sid',
      guest: { version: 2, pin: debianPin('crun=1.0', 'libc6=2.1') },
      pins: {
        'deb:web': debianPin('libc6=2.1', 'libnew=1', 'web=3.0'),
        [app]: imagePin('app 2'),
        'deb:x': debianPin('x=1'),
      },
    });
    expect(pinChanges(content, after)).toEqual([
      { kind: 'package', name: 'libc6', before: '2.0', after: '2.1', in: ['deb:web', 'init'] },
      { kind: 'package', name: 'libnew', after: '1', in: ['deb:web'] },
      { kind: 'package', name: 'libz', before: '1.0', in: ['deb:web'] },
      {
        kind: 'image',
        name: app,
        before: expect.stringMatching(/^[0-9a-f]{12}$/),
        after: expect.any(String),
        in: [app],
      },
      { kind: 'reference', name: 'deb:x', after: '1 package', in: [] },
      { kind: 'init', name: "Ingot's own init", before: 'version 1', after: 'version 2', in: [] },
      { kind: 'recipe', name: 'recipe', before: '1', after: '2', in: [] },
      { kind: 'suite', name: 'suite', before: 'trixie', after: 'sid', in: [] },
    ]);
    expect(pinChanges(after, content)).toHaveLength(8);
  });

  test('tells of an init that comes or goes as of a reference', () => {
    expect(pinChanges(content, contentOf({ guest: null }))).toEqual([
      { kind: 'reference', name: 'init', before: '2 packages', in: [] },
    ]);
  });
});

describe('outdatedPins()', () => {
  test('gives what is newer, security updates first', () => {
    const newest = contentOf({
      guest: { version: 1, pin: debianPin('crun=0.9', 'libc6=2.0') },
      pins: { 'deb:web': debianPin('added=1', 'libc6=2.0', 'libz=1.1~rc1', 'web=3.0-2'), [app]: imagePin('app 2') },
    });
    const found = outdatedPins(content, newest, new Set([packagePin('web=3.0')]));
    expect(found).toEqual([
      { kind: 'package', name: 'web', current: '3.0', newest: '3.0-2', security: true, in: ['deb:web'] },
      { kind: 'package', name: 'libz', current: '1.0', newest: '1.1~rc1', security: false, in: ['deb:web'] },
      expect.objectContaining({ kind: 'image', name: app, security: false }),
    ]);
  });
});
