import { createHash } from 'node:crypto';
import { z } from 'zod';
import { canonicalJson, type Digest, type Json, sha256 } from '../../model/digest.js';
import { SourceError } from '../error.js';
import { type FileSet, readSmall } from '../layout/file-set.js';
import { listOf, noSuchImage } from '../layout/layout.js';
import type { BlobSource } from '../oci/blob-source.js';
import { check, MAX_DOCUMENT_BYTES, parseImageDocument, parseJson } from '../oci/document.js';
import { OCI_MANIFEST, PLAIN_LAYER } from '../oci/media-type.js';
import { compressionOf } from '../oci/sniffed.js';

/** Docker's image specification 1.2, "Combined Image JSON + Filesystem Changeset Format": manifest.json. */
const Manifests = z.array(
  z.object({
    Config: z.string(),
    RepoTags: z.array(z.string()).nullish(),
    Layers: z.array(z.string()).nullish(),
  }),
);
type Entry = z.output<typeof Manifests>[number];

/** What a blob is and where it lies in the archive. */
interface Place {
  readonly path: string;
  readonly sizeBytes: number;
}

/**
 * The images in an archive of `docker save`: of today's form, and of that before Docker 25. Such archives have no
 * manifests; each image gets the one that its parts have in OCI's form.
 * @throws {SourceError} `malformed`, `unsupported`.
 */
export async function openDockerArchive(
  files: FileSet,
  { about, signal }: { readonly about: string; readonly signal: AbortSignal },
): Promise<BlobSource> {
  const bytes = await small(files, 'manifest.json', about);
  if (bytes === undefined) {
    const old = (await files.sizeOf('repositories')) !== undefined;
    throw new SourceError(
      old ? 'unsupported' : 'malformed',
      old
        ? `Cannot read ${about}: it was saved by a Docker older than 1.10; load it there and save it again with a current one`
        : `Cannot read ${about}: it is no archive of docker save, for it has no manifest.json`,
      { context: { path: about } },
    );
  }
  const entries = check(Manifests, parseJson(bytes, about), about);
  const names = [...new Set(entries.flatMap(({ RepoTags }) => RepoTags ?? []))];
  const places = new Map<Digest, Place>();
  const manifests = new Map<Entry, Promise<Buffer>>();
  const manifestOf = (entry: Entry): Promise<Buffer> => {
    const known = manifests.get(entry) ?? madeManifest(entry, { files, about, signal, places });
    manifests.set(entry, known);
    return known;
  };

  return {
    async manifest(reference) {
      if (reference.startsWith('sha256:')) {
        for (const entry of entries) {
          const made = await manifestOf(entry);
          if (sha256(made) === reference) return { bytes: made, mediaType: OCI_MANIFEST };
        }
        throw noSuchImage(about, reference, names);
      }
      return { bytes: await manifestOf(entryNamed(entries, { reference, names, about })), mediaType: OCI_MANIFEST };
    },
    async *blob(digest, { offset = 0, signal: given }) {
      if (!places.has(digest)) for (const entry of entries) await manifestOf(entry);
      const place = places.get(digest);
      if (place === undefined) throw noSuchImage(about, digest, names);
      yield* files.read(place.path, { offset, signal: given });
    },
  };
}

function entryNamed(
  entries: readonly Entry[],
  {
    reference,
    names,
    about,
  }: { readonly reference: string; readonly names: readonly string[]; readonly about: string },
): Entry {
  const [only, ...others] = entries;
  if (reference === '') {
    if (only !== undefined && others.length === 0) return only;
    throw new SourceError(
      'bad-reference',
      `Cannot use ${about}: it has ${entries.length} images; write one of them after a colon: ${listOf(names)}`,
      { context: { path: about } },
    );
  }
  const wanted = fullName(reference);
  const found = entries.find(({ RepoTags }) => RepoTags?.some((tag) => fullName(tag) === wanted));
  if (found === undefined) throw noSuchImage(about, reference, names);
  return found;
}

/** Docker writes `busybox:latest`, other tools `docker.io/library/busybox:latest`. */
function fullName(name: string): string {
  const slash = name.lastIndexOf('/');
  const tagged = name.indexOf(':', slash) < 0 ? `${name}:latest` : name;
  return tagged.replace(/^(docker\.io\/)?(library\/)?/, '');
}

async function madeManifest(
  entry: Entry,
  options: {
    readonly files: FileSet;
    readonly about: string;
    readonly signal: AbortSignal;
    readonly places: Map<Digest, Place>;
  },
): Promise<Buffer> {
  const { files, about, places } = options;
  const config = await small(files, entry.Config, about);
  if (config === undefined) throw missing(about, entry.Config);
  const configDigest = sha256(config);
  places.set(configDigest, { path: entry.Config, sizeBytes: config.length });
  const { diffIds } = parseImageDocument(config, `the configuration of ${about}`);
  const layers: Json[] = [];
  for (const [index, path] of (entry.Layers ?? []).entries()) {
    const sizeBytes = await files.sizeOf(path);
    if (sizeBytes === undefined) throw missing(about, path);
    const { digest, mediaType } = await layerAt(path, diffIds[index], options);
    places.set(digest, { path, sizeBytes });
    layers.push({ mediaType, digest, size: sizeBytes });
  }
  const manifest = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: configDigest, size: config.length },
    layers,
  };
  return Buffer.from(canonicalJson(manifest));
}

/** What a layer of the archive is. One that is not compressed has the digest that the configuration gives it. */
async function layerAt(
  path: string,
  diffId: Digest | undefined,
  { files, signal }: { readonly files: FileSet; readonly signal: AbortSignal },
): Promise<{ digest: Digest; mediaType: string }> {
  const hash = createHash('sha256');
  let start = Buffer.alloc(0);
  for await (const chunk of files.read(path, { signal })) {
    if (start.length < 6) start = Buffer.concat([start, chunk.subarray(0, 6)]);
    if (start.length >= 6 && compressionOf(start, 'none') === 'none' && diffId !== undefined) {
      return { digest: diffId, mediaType: PLAIN_LAYER };
    }
    hash.update(chunk);
  }
  const compression = compressionOf(start, 'none');
  const mediaType = compression === 'none' ? PLAIN_LAYER : `${PLAIN_LAYER}+${compression}`;
  return { digest: `sha256:${hash.digest('hex')}`, mediaType };
}

async function small(files: FileSet, path: string, about: string): Promise<Buffer | undefined> {
  try {
    return await readSmall(files, path, MAX_DOCUMENT_BYTES);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new SourceError('too-large', `Cannot read ${about}: its ${path} has more than 4 MiB`, { cause: error });
  }
}

function missing(about: string, path: string): SourceError {
  return new SourceError(
    'malformed',
    `Cannot read ${about}: it names ${JSON.stringify(path)}, which it does not have`,
    {
      context: { path: about },
    },
  );
}
