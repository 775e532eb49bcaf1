import { z } from 'zod';
import { FormatError } from '../../format/error.js';
import { canonicalJson, type Digest, isDigest, type Json, shortDigest } from '../../model/digest.js';
import { Lock, RECIPE } from '../../model/lock.js';
import type { ImagePin } from '../../model/pin.js';
import type { Progress } from '../../model/progress.js';
import { StoreError } from '../../store/error.js';
import type { Store } from '../../store/store.js';
import { adoptDirectory } from '../directory/directory.js';
import { SourceError } from '../error.js';
import { type FileSet, readSmall } from '../layout/file-set.js';
import { openLayout } from '../layout/layout.js';
import { openAttestations } from '../oci/attestations.js';
import type { BlobSource } from '../oci/blob-source.js';
import { check, MAX_DOCUMENT_BYTES, parseJson } from '../oci/document.js';
import { openConfig, openLayers } from '../oci/open.js';
import { keepManifest, openBlobs } from '../oci/open-blobs.js';
import { fetchManifest } from '../oci/verified.js';
import { DIRECTORY, INPUTS, keptWhole, pinsOf, TITLE } from './inputs.js';
import { blobPath } from './layout.js';

export interface ImportOptions {
  /** Where the files are from, for messages. */
  readonly about: string;
  readonly store: Store;
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

/** A lock holds the texts of a spec, and a pin for each of its packages. */
const MAX_LOCK_BYTES = 64 << 20;
/** As for any other file, or unpacked layer. */
const MAX_BLOB_BYTES = 32 * 2 ** 30;

const digest = z.string().refine(isDigest, 'only sha256 digests are known');
const Index = z.object({ manifests: z.array(z.object({ digest, artifactType: z.string().optional() })) });
const Artifact = z.object({
  artifactType: z.literal(INPUTS),
  config: z.object({ digest, size: z.int().min(0).max(MAX_LOCK_BYTES) }),
  layers: z.array(z.object({ digest, annotations: z.record(z.string(), z.string()).optional() })),
});

/**
 * Reads what exportInputs() has written into the store, every byte compared with the digest in the lock, and gives the
 * lock, which needs nothing more to be built from. What the lock does not name is left where it is.
 * @throws {SourceError} `malformed`, `unsupported`, `not-found` for what is missing, `digest-mismatch`. {StoreError}
 */
export async function importInputs(files: FileSet, options: ImportOptions): Promise<Lock> {
  const source = await openLayout(files, options.about);
  const { lock, folders } = await readLock(files, source, options);
  for (const [reference, pin] of pinsOf(lock)) {
    switch (pin.kind) {
      case 'debian':
        for (const { digest: wanted, sizeBytes, name } of pin.packages) {
          await importBlob({ digest: wanted, sizeBytes, what: name }, files, options);
        }
        break;
      case 'directory':
        await importFolder({ digest: pin.digest, reference, tar: folders.get(pin.digest) }, files, options);
        break;
      case 'image':
        await importImage({ reference, pin, whole: keptWhole(lock).has(reference) }, { files, source }, options);
    }
  }
  for (const [key, { digest: wanted, sizeBytes }] of Object.entries(lock.files)) {
    await importBlob({ digest: wanted, sizeBytes, what: `the file of ${key}` }, files, options);
  }
  for (const [index, { digest: wanted }] of Object.entries(lock.downloads ?? {})) {
    await importBlob({ digest: wanted, what: `the file of files[${index}]` }, files, options);
  }
  return lock;
}

async function readLock(
  files: FileSet,
  source: BlobSource,
  options: ImportOptions,
): Promise<{ readonly lock: Lock; readonly folders: ReadonlyMap<string, Digest> }> {
  const { about, store, signal } = options;
  // It is there, and small: the layout has been opened.
  const index = await readSmall(files, 'index.json', MAX_DOCUMENT_BYTES);
  const [artifact] = check(Index, parseJson(index ?? Buffer.alloc(0), about), about).manifests.filter(
    ({ artifactType }) => artifactType === INPUTS,
  );
  if (artifact === undefined) {
    throw new SourceError(
      'unsupported',
      `Cannot import ${about}: it is an OCI layout with no inputs of an image; name one that \`ingot cache export\` has written`,
      { context: { path: about } },
    );
  }
  const { bytes } = await fetchManifest(source, artifact.digest, { about, signal });
  const { config, layers } = check(Artifact, parseJson(bytes, about), about);
  const wanted = { digest: config.digest as Digest, sizeBytes: config.size, what: 'the lock' };
  await importBlob(wanted, files, options);
  const text = await store.read({ blob: wanted.digest, offset: 0, sizeBytes: config.size });
  const json = parseJson(text, `the lock in ${about}`);
  const recipe = (json as { readonly recipe?: unknown } | null)?.recipe;
  if (typeof recipe === 'number' && recipe > RECIPE) {
    throw new SourceError(
      'unsupported',
      `Cannot import ${about}: its recipe is ${recipe}, of a newer Ingot, and this one knows up to ${RECIPE}; install the newer one`,
      { context: { path: about, got: `${recipe}`, want: `${RECIPE}` } },
    );
  }
  const lock = check(Lock, json, `the lock in ${about}`);
  // Otherwise it would be known by two names.
  if (canonicalJson(lock as unknown as Json) !== text.toString('utf8')) {
    throw new SourceError('malformed', `Cannot import ${about}: its lock is not written as Ingot writes one`, {
      context: { path: about },
    });
  }
  const folders = new Map<string, Digest>();
  for (const { digest: tar, annotations } of layers) {
    // What is listed and not needed by the lock alone, such as attestations, has to be there too.
    if ((await files.sizeOf(blobPath(tar as Digest))) === undefined) {
      throw lacks(about, { what: annotations?.[TITLE] ?? 'a blob', wanted: tar });
    }
    const folder = annotations?.[DIRECTORY];
    if (folder !== undefined) folders.set(folder, tar as Digest);
  }
  return { lock, folders };
}

interface WantedBlob {
  readonly digest: Digest;
  readonly sizeBytes?: number;
  readonly what: string;
}

async function importBlob(wanted: WantedBlob, files: FileSet, options: ImportOptions): Promise<void> {
  const { store, signal, about } = options;
  if (await store.has(wanted.digest)) return;
  const chunks = readBlob(wanted, files, options);
  const { digest: expected, sizeBytes, what } = wanted;
  const expect = { digest: expected, ...(sizeBytes === undefined ? {} : { sizeBytes }) };
  await noticingDamage(what, about, () => store.put(chunks, { expect, maxBytes: MAX_BLOB_BYTES, signal }));
}

async function noticingDamage(what: string, about: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const damaged = (error instanceof StoreError && error.code === 'corrupt') || error instanceof FormatError;
    if (!damaged) throw error;
    throw new SourceError('digest-mismatch', `Cannot import ${what} from ${about}: it is damaged; export it again`, {
      cause: error,
      context: { path: about },
    });
  }
}

async function* readBlob(
  { digest: wanted, what }: WantedBlob,
  files: FileSet,
  { about, signal, progress }: ImportOptions,
): AsyncGenerator<Uint8Array> {
  const path = blobPath(wanted);
  const total = await files.sizeOf(path);
  if (total === undefined) throw lacks(about, { what, wanted });
  let done = 0;
  for await (const chunk of files.read(path, { signal })) {
    done += chunk.byteLength;
    progress({ step: `importing ${what}`, done, total });
    yield chunk;
  }
}

async function importFolder(
  { digest: wanted, reference, tar }: { digest: Digest; reference: string; tar: Digest | undefined },
  files: FileSet,
  options: ImportOptions,
): Promise<void> {
  const what = `the folder ${reference}`;
  if (tar === undefined) throw lacks(options.about, { what, wanted });
  const pin = { kind: 'directory', digest: wanted } as const;
  const chunks = readBlob({ digest: tar, what }, files, options);
  const adopt = () => adoptDirectory(pin, { digest: tar, chunks }, { ...options, about: what });
  await noticingDamage(what, options.about, adopt);
}

async function importImage(
  { reference, pin, whole }: { reference: string; pin: ImagePin; whole: boolean },
  { files, source }: { readonly files: FileSet; readonly source: BlobSource },
  options: ImportOptions,
): Promise<void> {
  // What could not be had any more was exported as it had been unpacked.
  for (const { digest: packed, diffId } of pin.layers) {
    const what = `layer ${shortDigest(packed)} of ${reference}`;
    if ((await files.sizeOf(blobPath(packed))) === undefined && (await files.sizeOf(blobPath(diffId))) !== undefined) {
      await importBlob({ digest: diffId, what }, files, options);
    }
  }
  const opening = { ...options, about: reference, source: async () => source };
  if ((await files.sizeOf(blobPath(pin.manifest))) !== undefined) await keepManifest(pin, opening);
  await openConfig(pin, opening);
  await openLayers(pin, opening);
  await openAttestations(pin, { ...opening, mayBeIncomplete: true });
  if (whole) await openBlobs(pin, opening);
}

function lacks(about: string, { what, wanted }: { readonly what: string; readonly wanted: string }): SourceError {
  return new SourceError('not-found', `Cannot import ${about}: it lacks ${what} (${wanted}); export it again`, {
    context: { path: about, want: wanted },
  });
}
