import type { Compression } from '../../format/decompress.js';

/** Indexes and manifests: OCI image spec 1.1, media-types.md; Docker's "Image Manifest V 2, Schema 2". */
const INDEXES = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
] as const;
const MANIFESTS = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
] as const;
const CONFIGS: readonly string[] = [
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.container.image.v1+json',
];
const SCHEMA_1 = /^application\/vnd\.docker\.distribution\.manifest\.v1\+/;

/** What to ask a registry for, most wanted first. */
export const ACCEPTED_MANIFESTS: readonly string[] = [...INDEXES, ...MANIFESTS];

export const OCI_MANIFEST = MANIFESTS[0];
export const OCI_INDEX = INDEXES[0];
export const PLAIN_LAYER = 'application/vnd.oci.image.layer.v1.tar';

export type DocumentKind = 'index' | 'manifest' | 'schema-1';

/** What a document of that media type is; undefined for one that is not known. */
export function documentKind(mediaType: string): DocumentKind | undefined {
  const bare = (mediaType.split(';')[0] as string).trim().toLowerCase();
  if ((INDEXES as readonly string[]).includes(bare)) return 'index';
  if ((MANIFESTS as readonly string[]).includes(bare)) return 'manifest';
  return SCHEMA_1.test(bare) ? 'schema-1' : undefined;
}

export function isImageConfig(mediaType: string): boolean {
  return CONFIGS.includes(mediaType);
}

/** Those that registries may not pass on (`nondistributable`, `foreign`) are as the others, and lie elsewhere. */
const LAYER =
  /^application\/vnd\.(?:oci\.image\.layer(?:\.nondistributable)?\.v1\.tar|docker\.image\.rootfs(?:\.foreign)?\.diff\.tar)(?:[+.](gzip|zstd|xz))?$/;

/** How a layer of that media type is compressed; undefined for one that is not known. */
export function layerCompression(mediaType: string): Compression | undefined {
  const match = LAYER.exec(mediaType);
  return match === null ? undefined : ((match[1] ?? 'none') as Compression);
}
