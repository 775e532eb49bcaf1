import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { packageUrl, packageUrlCore } from './package-url.js';

describe('packageUrl()', () => {
  test.each([
    [
      {
        type: 'deb',
        namespace: 'debian',
        name: 'curl',
        version: '7.50.3-1',
        qualifiers: { distro: 'jessie', arch: 'i386' },
      },
      'pkg:deb/debian/curl@7.50.3-1?arch=i386&distro=jessie',
    ],
    [{ type: 'deb', namespace: 'debian', name: 'g++', version: '1:2~3+b1' }, 'pkg:deb/debian/g%2B%2B@1:2~3%2Bb1'],
    [
      {
        type: 'oci',
        name: 'debian',
        version: 'sha256:24',
        qualifiers: { repository_url: 'docker.io/library/debian', tag: '' },
      },
      'pkg:oci/debian@sha256:24?repository_url=docker.io/library/debian',
    ],
    [{ type: 'generic', name: "it's (one)*!", version: '' }, 'pkg:generic/it%27s%20%28one%29%2A%21'],
  ] as const)('writes %j as %s', (url, text) => {
    expect(packageUrl(url)).toBe(text);
  });

  test('writes every name and version so that they can be read again, and keeps to the signs of a URL', () => {
    const word = fc.string({ minLength: 1, unit: 'binary' });
    fc.assert(
      fc.property(word, word, word, (name, version, value) => {
        const text = packageUrl({ type: 'deb', namespace: 'debian', name, version, qualifiers: { q: value } });
        expect(text).toMatch(/^pkg:deb\/debian\/[A-Za-z0-9._~%:/?=@&-]+$/);
        const [, coreName, coreVersion] = /^pkg:deb\/debian\/([^@]+)@(.+)$/.exec(packageUrlCore(text)) ?? [];
        expect(decodeURIComponent(coreName ?? '')).toBe(name.toWellFormed());
        expect(decodeURIComponent(coreVersion ?? '')).toBe(version.toWellFormed());
        expect(decodeURIComponent(/\?q=(.*)$/.exec(text)?.[1] ?? '')).toBe(value.toWellFormed());
      }),
    );
  });
});
