import { describe, expect, test } from 'vitest';
import { knownArchives, mayStay, unknownArchives } from './known-archives.js';
import { debianPin, imagePin, packagePin } from './testing.fixture.js';

const repository = (name?: string) => ({
  ...(name ? { name } : {}),
  url: 'https://a.example',
  suites: ['x'],
  signedBy: 'k',
});
const ofVendor = {
  ...debianPin('libc6=1'),
  packages: [packagePin('libc6=1'), { ...packagePin('web=1'), archive: 'acme' }],
};
const none = knownArchives({});

describe('unknownArchives()', () => {
  test('names the repositories that a spec does not have any more', () => {
    expect(unknownArchives(ofVendor, none)).toEqual(['acme']);
    expect(unknownArchives(ofVendor, knownArchives({ debian: { repositories: [repository('other')] } }))).toEqual([
      'acme',
    ]);
  });

  test('names none that is known, or that may be one without a name', () => {
    expect(unknownArchives(ofVendor, knownArchives({ debian: { repositories: [repository('acme')] } }))).toEqual([]);
    expect(unknownArchives(ofVendor, knownArchives({ debian: { repositories: [repository()] } }))).toEqual([]);
    expect(unknownArchives(debianPin('web=1'), none)).toEqual([]);
    expect(unknownArchives(imagePin('x'), none)).toEqual([]);
  });
});

describe('mayStay()', () => {
  test('lets images stay in another suite, and packages not', () => {
    expect(mayStay(imagePin('x'), { suite: 'forky', known: none })).toBe(true);
    expect(mayStay(debianPin('web=1'), { suite: 'forky', known: none })).toBe(false);
    expect(mayStay(debianPin('web=1'), { suite: 'trixie', known: none })).toBe(true);
    expect(mayStay(ofVendor, { suite: 'trixie', known: none })).toBe(false);
  });
});
