import { describe, expect, test } from 'vitest';
import { type Json, lockDigest, sha256 } from '../../model/index.js';
import { assemble } from '../assemble.js';
import { sbomInput } from './sbom.fixture.js';
import { type SbomFormat, type SbomInput, sbom } from './sbom.js';

async function documentOf(format: SbomFormat, given: SbomInput = sbomInput()): Promise<Json> {
  return await sbom(await assemble(given), given, format);
}

const attestation = (predicate: Json) => {
  const bytes = Buffer.from(JSON.stringify({ _type: 'https://in-toto.io/Statement/v0.1', predicate }));
  return [{ digest: sha256(bytes), bytes }];
};

describe('sbom()', () => {
  test('says what is in an image, as SPDX', async () => {
    expect(await documentOf('spdx')).toMatchSnapshot();
  });

  test('says what is in an image, as CycloneDX', async () => {
    expect(await documentOf('cyclonedx')).toMatchSnapshot();
  });

  test('is the same whatever the order of what it is given', async () => {
    const { pins } = sbomInput().lock;
    const turned = Object.fromEntries(Object.entries(pins).reverse());
    for (const format of ['spdx', 'cyclonedx'] as const) {
      expect(await documentOf(format, sbomInput({}, { pins: turned }))).toEqual(await documentOf(format));
    }
  });

  test('has another name when it says something else', async () => {
    const [one, other] = (await Promise.all([
      documentOf('spdx'),
      documentOf('spdx', sbomInput({}, { sourceDateEpoch: 1 })),
    ])) as { documentNamespace: string; creationInfo: { created: string } }[];
    expect(one?.documentNamespace).toMatch(
      /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
    expect(other?.documentNamespace).not.toBe(one?.documentNamespace);
    expect(other?.creationInfo.created).toBe('1970-01-01T00:00:01Z');
  });

  test('carries the digest of the lock', async () => {
    const { lock } = sbomInput();
    const spdx = (await documentOf('spdx')) as { packages: { versionInfo: string }[] };
    expect(spdx.packages[0]?.versionInfo).toBe(lockDigest(lock));
  });

  test.each([
    [
      'SPDX',
      { packages: [{ name: 'curl', externalRefs: [{ referenceType: 'purl', referenceLocator: 'pkg:npm/curl@1' }] }] },
    ],
    [
      'CycloneDX',
      { components: [{ name: 'x', components: [{ name: 'curl', version: '1', purl: 'pkg:npm/curl@1' }] }] },
    ],
  ])('adds what attestations of an image name, in %s', async (_, predicate) => {
    const known = { name: 'libc6', purl: 'pkg:deb/debian/libc6@2.36-9%2Bdeb12u4?arch=x' };
    const whole = 'components' in predicate ? { components: [...predicate.components, known] } : predicate;
    const attestations = new Map([['debian:12', attestation(whole as unknown as Json)]]);
    const document = (await documentOf('cyclonedx', sbomInput({ attestations }))) as unknown as {
      components: { purl?: string; name: string; 'bom-ref': string }[];
      dependencies: { ref: string; dependsOn?: string[] }[];
    };
    const added = document.components.find(({ purl }) => purl === 'pkg:npm/curl@1');
    expect(added).toMatchObject({ name: 'curl' });
    const image = document.components.find(({ purl }) => purl?.startsWith('pkg:oci/debian@'));
    const { dependsOn } = document.dependencies.find(({ ref }) => ref === image?.['bom-ref']) ?? {};
    expect(dependsOn).toContain(added?.['bom-ref']);
    expect(document.components.filter(({ name }) => name === 'libc6')).toHaveLength(1);
  });

  test.each([
    ['no JSON', Buffer.from('{')],
    ['null', Buffer.from('null')],
    ['packages that are none', Buffer.from('{"predicate":{"packages":[null,1,{"name":7},{"name":"x"}]}}')],
    [
      'addresses that are none',
      Buffer.from('{"components":[{"name":"x","purl":"javascript:1"},{"name":"y","purl":"pkg:npm/a b"}]}'),
    ],
  ])('passes over an attestation that is %s', async (_, bytes) => {
    const attestations = new Map([['debian:12', [{ digest: sha256(bytes), bytes }]]]);
    expect(await documentOf('spdx', sbomInput({ attestations }))).toEqual(await documentOf('spdx'));
  });
});
