import { canonicalJson, type Digest, hexOf, type Json, sha256 } from '../../model/digest.js';
import { lockDigest } from '../../model/lock.js';
import { OCI_INDEX, OCI_MANIFEST } from '../oci/media-type.js';
import { DIRECTORY, INPUTS, type Inputs, LOCK, TITLE } from './inputs.js';

/** A file of a layout: bytes that are made here, or a blob of the store. */
export type LayoutFile = {
  /** Below the layout: `blobs/sha256/…`. */
  readonly path: string;
  readonly sizeBytes: number;
} & ({ readonly bytes: Uint8Array } | { readonly blob: Digest });

/** OCI image spec 1.1, annotations.md. */
const REF_NAME = 'org.opencontainers.image.ref.name';

/**
 * The inputs of an image as an OCI layout (OCI image spec 1.1, image-layout.md): each container image under its
 * reference, and an artifact whose configuration is the lock and whose layers are all else. Sorted by path; the same
 * inputs give the same files.
 */
export function inputsLayout({ lock, images, blobs }: Inputs): LayoutFile[] {
  const files = new Map<string, LayoutFile>();
  const add = (file: LayoutFile): void => {
    files.set(file.path, file);
  };
  const addJson = (value: Json): { digest: Digest; size: number } => {
    const bytes = Buffer.from(canonicalJson(value));
    const digest = sha256(bytes);
    add({ path: blobPath(digest), sizeBytes: bytes.length, bytes });
    return { digest, size: bytes.length };
  };
  for (const { digest, sizeBytes } of [...images.flatMap((image) => [image.manifest, ...image.blobs]), ...blobs]) {
    add({ path: blobPath(digest), sizeBytes, blob: digest });
  }
  const config = { mediaType: LOCK, ...addJson(lock as unknown as Json) };
  const layers = [...blobs]
    .sort((a, b) => (a.digest < b.digest ? -1 : 1))
    .map(({ digest, sizeBytes, mediaType, title, directory }) => {
      const annotations = { [TITLE]: title, ...(directory === undefined ? {} : { [DIRECTORY]: directory }) };
      return { mediaType, digest, size: sizeBytes, annotations };
    });
  const artifact = addJson({ schemaVersion: 2, mediaType: OCI_MANIFEST, artifactType: INPUTS, config, layers });
  const manifests = [
    {
      mediaType: OCI_MANIFEST,
      artifactType: INPUTS,
      ...artifact,
      annotations: { [REF_NAME]: `ingot-${hexOf(lockDigest(lock)).slice(0, 12)}` },
    },
    ...images.map(({ reference, manifest: { digest, sizeBytes, mediaType } }) => ({
      mediaType,
      digest,
      size: sizeBytes,
      annotations: { [REF_NAME]: reference },
    })),
  ];
  const addText = (path: string, value: Json): void => {
    const bytes = Buffer.from(canonicalJson(value));
    add({ path, sizeBytes: bytes.length, bytes });
  };
  addText('index.json', { schemaVersion: 2, mediaType: OCI_INDEX, manifests });
  addText('oci-layout', { imageLayoutVersion: '1.0.0' });
  return [...files.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

export function blobPath(digest: Digest): string {
  return `blobs/sha256/${hexOf(digest)}`;
}
