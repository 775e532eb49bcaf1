import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sha256 } from '../../model/index.js';
import { attestedItems } from './attested.js';
import type { Item } from './item.js';

const IMAGE: Item = { kind: 'image', id: 'image-x', name: 'x', within: [], places: ['services/web'] };

function itemsFrom(...statements: readonly unknown[]): Item[] {
  const attestations = statements.map((statement) => {
    const bytes = Buffer.from(typeof statement === 'string' ? statement : JSON.stringify(statement));
    return { digest: sha256(bytes), bytes };
  });
  return attestedItems(IMAGE, { items: [IMAGE], attestations });
}

const spdx = (licenseDeclared: string) => ({
  predicate: {
    packages: [
      {
        name: 'curl',
        versionInfo: '8',
        licenseDeclared,
        externalRefs: [
          { referenceType: 'cpe23Type', referenceLocator: 'cpe:2.3:a:x' },
          { referenceType: 'purl', referenceLocator: 'pkg:deb/debian/curl@8?arch=amd64' },
        ],
      },
    ],
  },
});

describe('attestedItems()', () => {
  test('takes name, version, address and terms of a package', () => {
    expect(itemsFrom(spdx('curl'))).toEqual([
      {
        ...{ kind: 'package', name: 'curl', version: '8', url: 'pkg:deb/debian/curl@8?arch=amd64', licences: ['curl'] },
        ...{ id: expect.stringMatching(/^package-curl-[0-9a-f]{16}$/), within: ['image-x'], places: ['services/web'] },
      },
    ]);
  });

  test.each(['NOASSERTION', 'NONE', 'LicenseRef-1', 'MIT AND DocumentRef-a:LicenseRef-b'])(
    'leaves out terms that mean nothing elsewhere: %s',
    (licence) => {
      expect(itemsFrom(spdx(licence))[0]).not.toHaveProperty('licences');
    },
  );

  test('takes a package once, however many say it', () => {
    const cyclone = {
      bomFormat: 'CycloneDX',
      components: [{ name: 'curl', purl: 'pkg:deb/debian/curl@8?arch=amd64' }],
    };
    expect(itemsFrom(spdx('MIT'), cyclone, spdx('MIT'))).toHaveLength(1);
  });

  test('ends with components that are nested without end', () => {
    const depth = 200_000;
    const text = '{"name":"x","purl":"pkg:npm/x@1","components":['.repeat(depth) + ']}'.repeat(depth);
    expect(itemsFrom(text)).toHaveLength(1);
  });

  test('never fails, whatever it is given', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        expect(Array.isArray(itemsFrom(text))).toBe(true);
      }),
    );
    const odd = fc.oneof(fc.jsonValue(), fc.constant('pkg:npm/x@1'), fc.constant('purl'));
    const part = fc.record(
      {
        name: odd,
        versionInfo: odd,
        purl: odd,
        version: odd,
        components: odd,
        externalRefs: fc.array(odd),
        licenseDeclared: odd,
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.array(part), fc.boolean(), (parts, isSpdx) => {
        for (const { url, name } of itemsFrom(isSpdx ? { packages: parts } : { components: parts })) {
          expect(url).toMatch(/^pkg:/);
          expect(typeof name).toBe('string');
        }
      }),
    );
  });
});
