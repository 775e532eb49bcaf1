import { mapInOrder } from '../format/map-in-order.js';
import { canonicalJson, type Digest, hexOf, type Json, sha256 } from '../model/digest.js';
import { architectureOf, type Platform } from '../model/platform.js';
import type { Content, Tree } from '../model/tree.js';
import { contentBytes } from './archive.js';
import type { EncodeContext, EncodedFile } from './context.js';
import { type LayerBlob, layerBlob } from './oci-layer-blob.js';
import { type OciLayer, ociLayers } from './oci-layers.js';

/** OCI image spec 1.1; its documents are cited below. */

/** What an image says of itself, besides its files. */
export interface OciImageOptions {
  /** Of the lock. */
  readonly image: Digest;
  readonly platform: Platform;
  readonly sourceDateEpoch: number;
}

/** A file of an OCI layout, by its path in the folder. */
export interface OciFile {
  readonly path: string;
  readonly content: Content;
}

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const INDEX = 'application/vnd.oci.image.index.v1+json';
const CONFIG = 'application/vnd.oci.image.config.v1+json';
const LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip';

/** The name under which tools look for an image in a layout when none is given. */
const TAG = 'latest';
/** Of layers that are compressed at once: each uses all threads while it lasts. */
const LAYERS_IN_FLIGHT = 2;
/** What starts a root as a container, where it can be started as one. */
const INITS = ['init', 'sbin/init'];
const MAX_CREATED_BY_LENGTH = 200;

/**
 * The root as a container image: an OCI layout, whose files are the roles: `oci-layout`, `index.json` and
 * `blobs/sha256/…`. Layers are compressed before this returns, since their digests are the names of files.
 * @throws {EncodeError} `bad-tree`, or `unrepresentable`.
 */
export async function encodeOci(tree: Tree, options: OciImageOptions, context: EncodeContext): Promise<EncodedFile[]> {
  const files = await ociLayout(tree, options, context);
  return files.map(({ path, content }) => ({ role: path, bytes: () => contentBytes(path, content, context) }));
}

/** The files of a layout: the two that lead to all others first, then the blobs, each once, by digest. */
export async function ociLayout(tree: Tree, options: OciImageOptions, context: EncodeContext): Promise<OciFile[]> {
  const layers = ociLayers(tree);
  const blobs: LayerBlob[] = [];
  const packed = mapInOrder(layers, (layer) => layerBlob(layer, context), { inFlight: LAYERS_IN_FLIGHT });
  for await (const blob of packed) blobs.push(blob);

  const diffIds = blobs.map(({ diffId }) => diffId);
  const config = documentOf(imageConfig(tree, { ...options, layers, diffIds }));
  const annotations = annotationsOf(options);
  // manifest.md.
  const manifest = documentOf({
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: descriptor(CONFIG, config),
    layers: blobs.map(({ digest, sizeBytes }) => ({ mediaType: LAYER, digest, size: sizeBytes })),
    annotations,
  });
  // image-index.md.
  const platform = { architecture: architectureOf(options.platform), os: 'linux' };
  const index = documentOf({
    schemaVersion: 2,
    mediaType: INDEX,
    manifests: [
      {
        ...descriptor(MANIFEST, manifest),
        platform,
        annotations: { ...annotations, 'org.opencontainers.image.ref.name': TAG },
      },
    ],
  });
  const contents = new Map<Digest, Content>([
    [manifest.sha256, manifest],
    [config.sha256, config],
    ...blobs.map(({ range, digest }): [Digest, Content] => [digest, { ...range, sha256: digest }]),
  ]);
  return [
    // image-layout.md, "oci-layout file".
    { path: 'oci-layout', content: documentOf({ imageLayoutVersion: '1.0.0' }) },
    { path: 'index.json', content: index },
    ...[...contents.keys()].sort().map((digest) => ({
      path: `blobs/sha256/${hexOf(digest)}`,
      content: contents.get(digest) as Content,
    })),
  ];
}

/** config.md, "Properties". */
export function imageConfig(
  tree: Tree,
  options: OciImageOptions & { readonly layers: readonly OciLayer[]; readonly diffIds: readonly Digest[] },
): Json {
  const created = timeText(options.sourceDateEpoch);
  const paths = new Set(tree.entries.map(({ path }) => path));
  const init = INITS.find((path) => paths.has(path));
  return {
    architecture: architectureOf(options.platform),
    os: 'linux',
    created,
    config: { ...(init === undefined ? {} : { Entrypoint: [`/${init}`] }), Labels: annotationsOf(options) },
    rootfs: { type: 'layers', diff_ids: options.diffIds },
    history: options.layers.map(({ components }) => ({ created, created_by: createdBy(components) })),
  };
}

/** annotations.md: keys of our own may be anything that is not reserved there. */
function annotationsOf({ image, sourceDateEpoch }: OciImageOptions): Record<string, string> {
  return { 'ingot.image': image, 'org.opencontainers.image.created': timeText(sourceDateEpoch) };
}

function createdBy(components: readonly string[]): string {
  const text = `ingot: ${components.join(', ')}`;
  return text.length <= MAX_CREATED_BY_LENGTH
    ? text
    : `${text.slice(0, MAX_CREATED_BY_LENGTH)}… (${components.length} components)`;
}

/** RFC 3339. */
function timeText(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}

type Made = Extract<Content, { readonly bytes: Uint8Array }>;

export function documentOf(value: Json): Made {
  const bytes = Buffer.from(canonicalJson(value));
  return { bytes, sizeBytes: bytes.length, sha256: sha256(bytes) };
}

/** descriptor.md. */
function descriptor(mediaType: string, content: Content): { mediaType: string; digest: Digest; size: number } {
  return { mediaType, digest: content.sha256, size: content.sizeBytes };
}
