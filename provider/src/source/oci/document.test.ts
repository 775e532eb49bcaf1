import { describe, expect, test } from 'vitest';
import { parseDocument, parseImageDocument } from './document.js';

const D = `sha256:${'1'.repeat(64)}`;
const config = { mediaType: 'application/vnd.oci.image.config.v1+json', digest: D, size: 2 };
const layer = (mediaType: string, rest: object = {}) => ({ mediaType, digest: D, size: 3, ...rest });
const GZIP = 'application/vnd.oci.image.layer.v1.tar+gzip';
const bytes = (json: unknown) => Buffer.from(typeof json === 'string' ? json : JSON.stringify(json));

describe('parseDocument()', () => {
  test.each([
    ['application/vnd.oci.image.manifest.v1+json'],
    ['application/vnd.docker.distribution.manifest.v2+json; charset=utf-8'],
    ['application/octet-stream'],
    [''],
  ])('reads a manifest that is given as %j', (mediaType) => {
    const manifest = parseDocument(bytes({ schemaVersion: 2, config, layers: [layer(GZIP)] }), mediaType, 'web');
    expect(manifest).toMatchObject({ kind: 'manifest', layers: [{ mediaType: GZIP, sizeBytes: 3 }] });
  });

  test.each([
    ['application/vnd.oci.image.index.v1+json'],
    ['application/vnd.docker.distribution.manifest.list.v2+json'],
    ['text/plain'],
  ])('reads an index that is given as %j', (mediaType) => {
    const platform = { os: 'linux', architecture: 'arm64', variant: 'v8', 'os.version': '1' };
    const index = parseDocument(bytes({ manifests: [layer('x', { platform })] }), mediaType, 'web');
    expect(index).toMatchObject({ kind: 'index', manifests: [{ platform: { architecture: 'arm64', variant: 'v8' } }] });
  });

  test.each<[string, unknown, string, RegExp]>([
    ['what is no JSON', '{"a', 'malformed', /it is not JSON/],
    ['what is no UTF-8', '\u0000', 'malformed', /it is not JSON/],
    ['a list', [], 'malformed', /Cannot read web/],
    ['both kinds in one', { manifests: [], layers: [], config }, 'malformed', /both an index and a manifest/],
    ['schema 1', { schemaVersion: 1, fsLayers: [] }, 'unsupported', /schema 1.*skopeo copy --format oci/],
    [
      'schema 1 by its type',
      { mediaType: 'application/vnd.docker.distribution.manifest.v1+prettyjws' },
      'unsupported',
      /schema 1/,
    ],
    [
      'what is no image',
      { config: { ...config, mediaType: 'application/vnd.cncf.helm.config.v1+json' }, layers: [] },
      'unsupported',
      /no container image, but "application\/vnd\.cncf\.helm/,
    ],
    ['an artifact', { artifactType: 'x/sbom', layers: [] }, 'unsupported', /but "x\/sbom"/],
    [
      'a digest that is none',
      { config: { ...config, digest: 'sha256:xyz' }, layers: [] },
      'malformed',
      /config\.digest/,
    ],
    ['another hash', { config, layers: [layer(GZIP, { digest: `sha512:${'1'.repeat(128)}` })] }, 'malformed', /sha256/],
    ['a negative size', { config, layers: [layer(GZIP, { size: -1 })] }, 'malformed', /layers\.0\.size/],
    ['a size of petabytes', { config, layers: [layer(GZIP, { size: 2 ** 50 })] }, 'malformed', /16 GiB/],
    ['2000 layers', { config, layers: Array.from({ length: 2000 }, () => layer(GZIP)) }, 'malformed', /layers/],
    ['unknown layers', { config, layers: [layer('application/vnd.wasm')] }, 'unsupported', /"application\/vnd\.wasm"/],
  ])('refuses %s', (_, json, code, message) => {
    const parse = () => parseDocument(bytes(json), '', 'web');
    expect(parse).toThrow(message);
    expect(parse).toThrow(expect.objectContaining({ code }));
  });
});

describe('parseImageDocument()', () => {
  test('takes null, as Docker writes it, for nothing', () => {
    const config = { Cmd: null, Entrypoint: null, Env: null, Labels: null, User: '', WorkingDir: '' };
    const document = { architecture: 'amd64', os: 'linux', config, rootfs: { type: 'layers', diff_ids: [D] } };
    expect(parseImageDocument(bytes(document), 'web')).toEqual({
      platform: { os: 'linux', architecture: 'amd64', variant: '' },
      diffIds: [D],
      config: { entrypoint: [], command: [], env: [], workingDirectory: '', user: '', labels: {} },
    });
  });

  test('reads an image without configuration, and one without layers', () => {
    const parsed = parseImageDocument(bytes({ rootfs: { type: 'layers', diff_ids: null } }), 'web');
    expect(parsed).toMatchObject({ diffIds: [], config: { command: [] } });
  });

  test.each([
    [{}, /rootfs/],
    [{ rootfs: { type: 'layers+base', diff_ids: [] } }, /rootfs\.type/],
    [{ rootfs: { type: 'layers', diff_ids: ['x'] } }, /diff_ids\.0/],
    [{ rootfs: { type: 'layers', diff_ids: [] }, config: { Cmd: 'sh' } }, /config\.Cmd/],
  ])('refuses %j', (document, message) => {
    expect(() => parseImageDocument(bytes(document), 'web')).toThrow(message);
  });
});
