/**
 * The smallest publisher: a folder (an image pool, a web root, a mounted share) that has each image as a file named by
 * its digest, and beside it what is in it.
 */
import { createHash, type Hash, randomUUID } from 'node:crypto';
import { open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { z } from 'zod';
import { FORMATS, type Format } from '../../model/artifact.js';
import { type Digest, hexOf, isDigest } from '../../model/digest.js';
import type { Claim, Published, PublishedImage } from '../../model/published.js';
import { makeFolder } from '../../store/make-folder.js';
import { PublishError } from '../error.js';
import { type ClaimRecord, claimOf, jsonOf, readClaims, removeClaim, writeClaim } from './claims.js';
import { unlessMissing } from './unless-missing.js';

/** Bytes of an artifact of one file. Of a disk, what is not among the pieces is zeros, and may be left out. */
export interface ArtifactBytes {
  readonly bytes: () => AsyncIterable<Uint8Array>;
  /** Kept beside the file. */
  readonly boot?: unknown;
  readonly disk?: {
    readonly sizeBytes: number;
    /** By offset. */
    readonly pieces: () => AsyncIterable<{ readonly offset: number; readonly bytes: Uint8Array }>;
  };
}

export interface PublishFileOptions {
  /** Absolute; made where it is missing. */
  readonly directory: string;
  /** What the names of its files begin with. */
  readonly name: string;
  readonly image: Digest;
  readonly format: Format;
  /** What else decides its bytes, such as who signs it; part of its name. Default: nothing. */
  readonly variant?: string;
  /** What its name ends with, such as `.raw`. */
  readonly ending: string;
  /** Beside the file: what is in the image, for whoever looks. */
  readonly contents: unknown;
  readonly claim: Claim;
  /** Asked for only where the image is not there yet. */
  readonly make: () => Promise<ArtifactBytes>;
  readonly signal: AbortSignal;
  readonly nowMs: number;
}

const Metadata = z.looseObject({
  version: z.literal(1),
  file: z.string(),
  image: z.custom<Digest>((text) => typeof text === 'string' && isDigest(text)),
  format: z.enum(FORMATS),
  sizeBytes: z.number(),
  sha256: z.string().optional(),
  boot: z.unknown().optional(),
});

const SHOWN_HEX = 12;

/**
 * Puts an image into a folder, unless it is there already, and claims it. The claim comes first: from then on nobody
 * removes the image.
 * @throws {PublishError}; then the claim is gone again, and nothing half-written is there.
 */
export async function publishFile(options: PublishFileOptions): Promise<Published> {
  const { directory, name, image, format, ending, claim, nowMs } = options;
  const stem = [name, hexOf(image).slice(0, SHOWN_HEX), ...(options.variant ? [options.variant] : [])].join('-');
  const file = `${stem}${ending}`;
  try {
    await makeFolder(directory);
    await writeClaim(directory, { ...claim, file, claimedMs: nowMs });
    const found = await readPublished(directory, file);
    if (found !== undefined && (found.image !== image || found.format !== format)) {
      throw new PublishError(
        'name-taken',
        `Cannot publish ${join(directory, file)}: another image is there under that name (${found.image}, ${found.format}); give another name`,
        { context: { path: join(directory, file) } },
      );
    }
    return found ?? (await write(options, file));
  } catch (error) {
    await removeClaim(directory, claim.nonce).catch(() => undefined);
    throw publishError(error, { what: `publish ${join(directory, file)}`, signal: options.signal });
  }
}

async function write(options: PublishFileOptions, file: string): Promise<Published> {
  const { directory, image, format, contents, make, signal } = options;
  const path = join(directory, file);
  const description = metadataPath(directory, file);
  // Names of our own: another program may be making the same image.
  const temporary = partialOf(path);
  const described = partialOf(description);
  try {
    const { bytes, disk, boot } = await make();
    const handle = await open(temporary, 'wx', 0o644);
    const hash = createHash('sha256');
    try {
      if (disk === undefined) {
        for await (const chunk of bytes()) {
          signal.throwIfAborted();
          hash.update(chunk);
          await writeFully(handle, chunk);
        }
      } else {
        let end = 0;
        for await (const { offset, bytes: piece } of disk.pieces()) {
          signal.throwIfAborted();
          await updateZeros(hash, offset - end, signal);
          hash.update(piece);
          await writeFully(handle, piece, offset);
          end = offset + piece.byteLength;
        }
        await updateZeros(hash, disk.sizeBytes - end, signal);
        await handle.truncate(disk.sizeBytes);
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
    const { size: sizeBytes } = await stat(temporary);
    const sha256 = hash.digest('hex');
    const metadata = { version: 1, file, image, format, sizeBytes, sha256, ...(boot ? { boot } : {}), contents };
    await writeFile(described, `${JSON.stringify(metadata, null, 2)}\n`);
    await rename(temporary, path);
    await rename(described, description);
    return { id: path, image, format, sizeBytes, sha256, ...(boot ? { boot } : {}) };
  } catch (error) {
    for (const left of [temporary, described]) await rm(left, { force: true }).catch(() => undefined);
    throw error;
  }
}

/**
 * Gives up a claim. A resource that has claimed another image in the folder since has been replaced: then what it had
 * stays, for as many generations as it keeps. Else the resource goes, and its generations with it. What nobody claims or
 * keeps is removed.
 */
export async function releaseFile(
  id: string,
  { nonce, nowMs }: { readonly nonce: string; readonly nowMs: number },
): Promise<void> {
  const [directory] = placeOf(id);
  const claims = await readClaims(directory);
  const own = claims.find((claim) => claim.nonce === nonce);
  if (own === undefined) return;
  const mine = claims.filter(({ urn }) => urn === own.urn);
  const current = mine.filter((claim) => claim.releasedMs === undefined && claim.nonce !== nonce);
  const successor = current.at(-1);
  if (successor === undefined) {
    for (const claim of mine) await removeClaim(directory, claim.nonce);
  } else {
    await writeClaim(directory, { ...own, releasedMs: nowMs });
    await dropOldest([...mine.filter(({ releasedMs }) => releasedMs !== undefined), own], {
      directory,
      keep: successor.keep,
    });
  }
  for (const { file } of mine) await removeUnclaimed(directory, file);
}

/**
 * Says how many generations a resource keeps from now on, by the claim that it has; those beyond it go at once. One that
 * is gone is no error: a refresh finds that.
 * @throws {PublishError} `bad-record`, `io`.
 */
export async function keepGenerations(
  id: string,
  { nonce, keep }: { readonly nonce: string; readonly keep: number },
): Promise<void> {
  const [directory] = placeOf(id);
  const claims = await readClaims(directory);
  const own = claims.find((claim) => claim.nonce === nonce);
  if (own === undefined) return;
  await writeClaim(directory, { ...own, keep }).catch((error: unknown) => {
    throw ioError(error, `say how many images ${directory} keeps`);
  });
  const kept = claims.filter(({ urn, releasedMs }) => urn === own.urn && releasedMs !== undefined);
  await dropOldest(kept, { directory, keep });
  for (const { file } of kept) await removeUnclaimed(directory, file);
}

/** Of the generations of a resource that are only kept, removes the claims of those beyond what it keeps. */
async function dropOldest(
  kept: readonly ClaimRecord[],
  { directory, keep }: { readonly directory: string; readonly keep: number },
): Promise<void> {
  // Going back and forth leaves several claims on one image: it counts once, with its newest.
  const files = [...new Set([...kept].sort((a, b) => b.claimedMs - a.claimedMs).map(({ file }) => file))];
  const stay = new Set(files.slice(0, keep));
  for (const claim of kept) if (!stay.has(claim.file)) await removeClaim(directory, claim.nonce);
}

/** All images in a folder, by name, with who needs them: those without claims are what `gc` may remove. */
export async function listFileImages(directory: string): Promise<PublishedImage[]> {
  const claims = await readClaims(directory);
  const names = (await unlessMissing(readdir(directory), directory)) ?? [];
  const images: PublishedImage[] = [];
  for (const name of names.filter((one) => one.endsWith(METADATA_ENDING)).sort()) {
    // Other people's files may lie there too: what cannot be read is none of these.
    const published = await readPublished(directory, name.slice(0, -METADATA_ENDING.length)).catch(() => undefined);
    if (published === undefined) continue;
    const own = claims.filter(({ file }) => join(directory, file) === published.id);
    images.push({
      ...published,
      claims: own.filter(({ releasedMs }) => releasedMs === undefined).map(claimOf),
      kept: own.filter(({ releasedMs }) => releasedMs !== undefined).map(claimOf),
    });
  }
  return images;
}

/** Removes an image that nobody claims or keeps. @returns whether it did. */
export async function collectFile(id: string): Promise<boolean> {
  const [directory, file] = placeOf(id);
  return removeUnclaimed(directory, file);
}

/** How long a write may go on before it counts as given up. */
const GIVEN_UP_MS = 24 * 3600 * 1000;

/** What interrupted runs have left in a folder: images that were never finished, not written to for a day. */
export async function leftOvers(
  directory: string,
  nowMs: number,
): Promise<{ readonly path: string; readonly sizeBytes: number }[]> {
  const names = (await unlessMissing(readdir(directory), directory)) ?? [];
  const found: { path: string; sizeBytes: number }[] = [];
  for (const name of names.filter((one) => LEFT_OVER.test(one)).sort()) {
    const path = join(directory, name);
    const status = await stat(path).catch(() => undefined);
    if (status?.isFile() && nowMs - status.mtimeMs > GIVEN_UP_MS) found.push({ path, sizeBytes: status.size });
  }
  return found;
}

/** As partialOf() and removeUnclaimed() name them. */
const LEFT_OVER = /^\..+\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.(partial|removing)$/;

/** Removes what leftOvers() has found. @returns whether it did. */
export async function removeLeftOver(path: string): Promise<boolean> {
  return rm(path).then(
    () => true,
    () => false,
  );
}

/**
 * The image at a path, for whoever has claimed it with this nonce; undefined where it is gone, is not whole, or the claim
 * is gone. Then the claim goes too: a resource that is made anew claims anew.
 * @throws {PublishError} `bad-record`, `io`.
 */
export async function readClaimedImage(id: string, nonce: string): Promise<Published | undefined> {
  const [directory, file] = placeOf(id);
  const own = (await readClaims(directory)).some((claim) => claim.nonce === nonce && claim.file === file);
  const found = own ? await readPublished(directory, file) : undefined;
  if (found === undefined && own) {
    await removeClaim(directory, nonce);
    await removeUnclaimed(directory, file);
  }
  return found;
}

async function removeUnclaimed(directory: string, file: string): Promise<boolean> {
  const isClaimed = async (): Promise<boolean> => (await readClaims(directory)).some((claim) => claim.file === file);
  if (await isClaimed()) return false;
  const path = join(directory, file);
  const aside = join(directory, `.${file}.${randomUUID()}.removing`);
  const moved = await rename(path, aside).then(
    () => true,
    () => false,
  );
  // Whoever has claimed it in between found it there.
  if (await isClaimed()) {
    if (moved) await rename(aside, path);
    return false;
  }
  await rm(aside, { force: true });
  await rm(metadataPath(directory, file), { force: true });
  return moved;
}

const METADATA_ENDING = '.json';

function partialOf(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomUUID()}.partial`);
}

function metadataPath(directory: string, file: string): string {
  return join(directory, `${file}${METADATA_ENDING}`);
}

/** The image, undefined if it is not there, or not whole. @throws {PublishError} `io`. */
async function readPublished(directory: string, file: string): Promise<Published | undefined> {
  const path = join(directory, file);
  const description = metadataPath(directory, file);
  const text = await unlessMissing(readFile(description, 'utf8'), description);
  const status = await unlessMissing(stat(path), path);
  if (text === undefined || !status?.isFile()) return undefined;
  const metadata = Metadata.safeParse(jsonOf(text));
  if (!metadata.success || metadata.data.file !== file || metadata.data.sizeBytes !== status.size) return undefined;
  const { image, format, sizeBytes, sha256, boot } = metadata.data;
  return { id: path, image, format, sizeBytes, ...(sha256 ? { sha256 } : {}), ...(boot ? { boot } : {}) };
}

function placeOf(id: string): [directory: string, file: string] {
  const path = resolve(id);
  return [dirname(path), basename(path)];
}

const ZEROS = new Uint8Array(8 << 20);

/** A disk is mostly holes: between portions of one, others have their turn, and Ctrl-C is heard. */
async function updateZeros(hash: Hash, sizeBytes: number, signal: AbortSignal): Promise<void> {
  for (let left = sizeBytes; left > 0; left -= ZEROS.byteLength) {
    hash.update(ZEROS.subarray(0, left));
    await turn();
    signal.throwIfAborted();
  }
}

async function writeFully(
  handle: Awaited<ReturnType<typeof open>>,
  chunk: Uint8Array,
  position?: number,
): Promise<void> {
  for (let done = 0; done < chunk.byteLength; ) {
    const at = position === undefined ? null : position + done;
    done += (await handle.write(chunk, done, chunk.byteLength - done, at)).bytesWritten;
  }
}

function publishError(
  error: unknown,
  { what, signal }: { readonly what: string; readonly signal: AbortSignal },
): unknown {
  if (signal.aborted)
    return new PublishError('aborted', `Cannot ${what}: it was cancelled; run the update again`, { cause: error });
  return ioError(error, what);
}

/** What the system says, in words; anything else as it is. */
function ioError(error: unknown, what: string): unknown {
  const code = (error as NodeJS.ErrnoException)?.code;
  if (typeof code !== 'string' || !/^E[A-Z]+$/.test(code)) return error;
  return new PublishError('io', `Cannot ${what}: ${code}; the folder must be one that can be written, with room`, {
    cause: error,
  });
}
