import { z } from 'zod';
import { hexOf, isDigest } from '../../model/digest.js';
import { didYouMean, nearest } from '../../model/suggestion.js';
import { SourceError } from '../error.js';
import type { BlobSource } from '../oci/blob-source.js';
import { check, MAX_DOCUMENT_BYTES, parseJson } from '../oci/document.js';
import { OCI_INDEX } from '../oci/media-type.js';
import { type FileSet, readSmall } from './file-set.js';

/** OCI image spec 1.1, annotations.md; and the full name that BuildKit and Docker write beside the tag. */
const NAME_ANNOTATIONS = ['org.opencontainers.image.ref.name', 'io.containerd.image.name'];

const LayoutIndex = z.object({
  manifests: z.array(
    z.object({
      mediaType: z.string(),
      digest: z.string().refine(isDigest, 'only sha256 digests are known'),
      annotations: z.record(z.string(), z.string()).nullish(),
    }),
  ),
});

/**
 * The images in an OCI layout (OCI image spec 1.1, image-layout.md). The empty reference is the one image that the
 * layout has; where it has several without names, its index is one image for several platforms.
 * @throws {SourceError} `malformed` for what is no layout.
 */
export async function openLayout(files: FileSet, about: string): Promise<BlobSource> {
  const index = await document(files, 'index.json', about);
  if (index === undefined) {
    throw new SourceError(
      'malformed',
      `Cannot read ${about}: it is no OCI layout, for it has no index.json; wanted one, as a folder or an archive`,
      {
        context: { path: about },
      },
    );
  }
  const { manifests } = check(LayoutIndex, parseJson(index, about), about);
  const named = manifests.map(({ digest, mediaType, annotations }) => ({
    digest,
    mediaType,
    names: NAME_ANNOTATIONS.flatMap((key) => annotations?.[key] ?? []),
  }));
  const names = [...new Set(named.flatMap((one) => one.names))];

  return {
    async manifest(reference) {
      const found = isDigest(reference)
        ? (named.find(({ digest }) => digest === reference) ?? { digest: reference, mediaType: '' })
        : reference === ''
          ? onlyOne()
          : named.find((one) => one.names.includes(reference));
      if (found === 'all') return { bytes: index, mediaType: OCI_INDEX };
      if (found === undefined) throw noSuchImage(about, reference, names);
      const bytes = await document(files, blobPath(found.digest as `sha256:${string}`), about);
      if (bytes === undefined) throw missing(about, found.digest);
      return { bytes, mediaType: found.mediaType };
    },
    async *blob(digest, { offset = 0, signal }) {
      const path = blobPath(digest);
      if ((await files.sizeOf(path)) === undefined) throw missing(about, digest);
      yield* files.read(path, { offset, signal });
    },
  };

  function onlyOne(): { digest: string; mediaType: string } | 'all' {
    const [first, ...others] = named;
    if (first !== undefined && others.every(({ digest }) => digest === first.digest)) return first;
    if (names.length > 1) {
      throw new SourceError(
        'bad-reference',
        `Cannot use ${about}: it has several images; write one of them after a colon: ${listOf(names)}`,
        { context: { path: about } },
      );
    }
    return 'all';
  }
}

function blobPath(digest: `sha256:${string}`): string {
  return `blobs/sha256/${hexOf(digest)}`;
}

async function document(files: FileSet, path: string, about: string): Promise<Buffer | undefined> {
  try {
    return await readSmall(files, path, MAX_DOCUMENT_BYTES);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new SourceError('too-large', `Cannot read ${about}: its ${path} has more than 4 MiB`, { cause: error });
  }
}

/** The error for an image that an archive or layout does not have. */
export function noSuchImage(about: string, wanted: string, names: readonly string[]): SourceError {
  const there = names.length === 0 ? 'its images have no names' : `it has ${listOf(names)}`;
  const suggestion = didYouMean(nearest(wanted, names));
  return new SourceError('not-found', `Cannot use ${about}: it has no image ${wanted}; ${there}${suggestion}`, {
    context: { path: about, want: wanted },
  });
}

export function listOf(names: readonly string[]): string {
  return names.length <= 20 ? names.join(', ') : `${names.slice(0, 20).join(', ')} and ${names.length - 20} more`;
}

function missing(about: string, digest: string): SourceError {
  return new SourceError('not-found', `Cannot read ${about}: it has no blob ${digest}; it may be incomplete`, {
    context: { path: about, want: digest },
  });
}
