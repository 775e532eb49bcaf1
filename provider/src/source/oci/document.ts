import { z } from 'zod';
import { type Digest, isDigest } from '../../model/digest.js';
import type { ImageConfig } from '../../model/layer.js';
import { SourceError } from '../error.js';
import { documentKind, isImageConfig, layerCompression } from './media-type.js';

/** Manifests, indexes and configurations are small; registries refuse manifests above 4 MiB. */
export const MAX_DOCUMENT_BYTES = 4 << 20;
/** Docker stops at 127; nothing needs more. */
const MAX_LAYERS = 1024;
/** The largest layers in use are models of tens of gigabytes, which have no place in an image of ours. */
const MAX_LAYER_BYTES = 16 * 2 ** 30;

/** A document points at another by this (OCI image spec 1.1, descriptor.md). */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly platform?: ImagePlatform;
  readonly annotations: Readonly<Record<string, string>>;
  /** Where the bytes are too, where it says so. */
  readonly urls?: readonly string[];
}

export interface ImagePlatform {
  readonly os: string;
  readonly architecture: string;
  readonly variant: string;
}

export interface ImageIndex {
  readonly kind: 'index';
  readonly manifests: readonly Descriptor[];
}

export interface ImageManifest {
  readonly kind: 'manifest';
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

/** The configuration document of an image. */
export interface ImageDocument {
  readonly platform: ImagePlatform;
  readonly diffIds: readonly Digest[];
  readonly config: ImageConfig;
}

const text = z
  .string()
  .nullish()
  .transform((value) => value ?? '');
const texts = z
  .array(z.string())
  .nullish()
  .transform((value) => value ?? []);
const map = z
  .record(z.string(), z.string())
  .nullish()
  .transform((value) => value ?? {});

const descriptor = z
  .object({
    mediaType: z.string(),
    digest: z.string().refine(isDigest, 'only sha256 digests are known'),
    size: z.int().min(0).max(MAX_LAYER_BYTES, 'more than 16 GiB are not taken'),
    platform: z.object({ os: text, architecture: text, variant: text }).nullish(),
    annotations: map,
    urls: texts,
  })
  .transform(
    ({ mediaType, digest, size, platform, annotations, urls }): Descriptor => ({
      mediaType,
      digest: digest as Digest,
      sizeBytes: size,
      annotations,
      ...(platform ? { platform } : {}),
      ...(urls.length > 0 ? { urls } : {}),
    }),
  );

/** OCI image spec 1.1, image-index.md and manifest.md. */
const Index = z.object({ manifests: z.array(descriptor) });
const Manifest = z.object({ config: descriptor, layers: z.array(descriptor).max(MAX_LAYERS) });
const Artifact = z.object({ layers: z.array(descriptor).max(MAX_LAYERS) });

const NO_CONFIG = { User: '', Env: [], Entrypoint: [], Cmd: [], WorkingDir: '', Labels: {}, ExposedPorts: {} };

/** OCI image spec 1.1, config.md, "Properties". Docker writes `null` for what is empty. */
const Config = z.object({
  os: text,
  architecture: text,
  variant: text,
  rootfs: z.object({
    type: z.literal('layers'),
    diff_ids: z
      .array(z.string().refine(isDigest, 'only sha256 digests are known'))
      .max(MAX_LAYERS)
      .nullish()
      .transform((value) => (value ?? []) as Digest[]),
  }),
  config: z
    .object({
      ...{ User: text, Env: texts, Entrypoint: texts, Cmd: texts, WorkingDir: text, Labels: map },
      ExposedPorts: z.record(z.string(), z.unknown()).nullish(),
    })
    .nullish()
    .transform((value) => value ?? NO_CONFIG),
});

/**
 * Reads an index or a manifest. Its own `mediaType` decides what it is, then the one it was given with.
 * @throws {SourceError} `malformed`, also for a document that could be read as both kinds; `unsupported` for what is
 *   neither.
 */
export function parseDocument(bytes: Uint8Array, mediaType: string, about: string): ImageIndex | ImageManifest {
  const json = parseJson(bytes, about);
  const has = (name: string) => typeof json === 'object' && json !== null && name in json;
  const own = has('mediaType') ? String((json as { mediaType: unknown }).mediaType) : '';
  const version = has('schemaVersion') ? (json as { schemaVersion: unknown }).schemaVersion : undefined;
  const kind = documentKind(own) ?? documentKind(mediaType) ?? (has('manifests') ? 'index' : 'manifest');
  if (kind === 'schema-1' || version === 1) {
    throw new SourceError(
      'unsupported',
      `Cannot read ${about}: it is a manifest of schema 1, which says too little about its layers; ` +
        'push it again with a current tool, or copy it with `skopeo copy --format oci`',
      { context: { path: about } },
    );
  }
  // One set of bytes that two readers take for different images (CVE-2021-41190).
  if (has('manifests') && (has('layers') || has('config'))) {
    throw malformed(about, 'it is both an index and a manifest');
  }
  if (kind === 'index') return { kind, manifests: check(Index, json, about).manifests };
  const artifact =
    has('artifactType') && !has('config') ? String((json as { artifactType: unknown }).artifactType) : '';
  if (artifact !== '') throw notAnImage(about, artifact);
  const { config, layers } = check(Manifest, json, about);
  if (!isImageConfig(config.mediaType)) throw notAnImage(about, config.mediaType);
  for (const layer of layers) checkLayer(layer, about);
  return { kind, config, layers };
}

/**
 * The blobs of a manifest that need not be one of an image (OCI image spec 1.1, manifest.md, "Guidelines for Artifact
 * Usage"). @throws {SourceError} `malformed`.
 */
export function parseArtifactBlobs(bytes: Uint8Array, about: string): readonly Descriptor[] {
  return check(Artifact, parseJson(bytes, about), about).layers;
}

/** @throws {SourceError} `malformed`. */
export function parseImageDocument(bytes: Uint8Array, about: string): ImageDocument {
  const { os, architecture, variant, rootfs, config } = check(Config, parseJson(bytes, about), about);
  const ports = Object.keys(config.ExposedPorts ?? {})
    .filter((port) => /^[0-9]{1,5}(\/(tcp|udp|sctp))?$/.test(port))
    .map((port) => (port.includes('/') ? port : `${port}/tcp`))
    .sort();
  return {
    platform: { os, architecture, variant },
    diffIds: rootfs.diff_ids,
    config: {
      entrypoint: config.Entrypoint,
      command: config.Cmd,
      env: config.Env,
      workingDirectory: config.WorkingDir,
      user: config.User,
      labels: config.Labels,
      ...(ports.length > 0 ? { exposedPorts: ports } : {}),
    },
  };
}

/** @throws {SourceError} `malformed` for what is not JSON in UTF-8. */
export function parseJson(bytes: Uint8Array, about: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw malformed(about, `it is not JSON: ${error instanceof Error ? error.message : error}`, error);
  }
}

/** @throws {SourceError} `malformed` with the path of the first field that is wrong. */
export function check<T extends z.ZodType>(schema: T, json: unknown, about: string): z.output<T> {
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const field = issue === undefined || issue.path.length === 0 ? 'it' : `its ${issue.path.join('.')}`;
  throw malformed(about, `${field} is not as it should be (${issue?.message})`);
}

function checkLayer({ mediaType, digest }: Descriptor, about: string): void {
  const compression = layerCompression(mediaType);
  if (compression === undefined) {
    throw new SourceError(
      'unsupported',
      `Cannot use ${about}: its layer ${digest} is of the kind ${JSON.stringify(mediaType)}, which is not known; ` +
        'wanted a tar, plain or compressed with gzip, zstd or xz',
      { context: { path: about, got: mediaType } },
    );
  }
}

function notAnImage(about: string, kind: string): SourceError {
  return new SourceError(
    'unsupported',
    `Cannot use ${about}: it is no container image, but ${JSON.stringify(kind)}; name an image`,
    { context: { path: about, got: kind } },
  );
}

function malformed(about: string, what: string, cause?: unknown): SourceError {
  return new SourceError('malformed', `Cannot read ${about}: ${what}`, {
    ...(cause === undefined ? {} : { cause }),
    context: { path: about },
  });
}
