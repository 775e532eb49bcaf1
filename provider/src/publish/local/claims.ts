import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Claim } from '../../model/published.js';
import { makeFolder } from '../../store/make-folder.js';
import { PublishError } from '../error.js';
import { unlessMissing } from './unless-missing.js';

const VERSION = 1;
const NONCE = /^[0-9a-f]{8,64}$/;

const Record = z.object({
  version: z.literal(VERSION),
  nonce: z.string().regex(NONCE),
  urn: z.string(),
  /** Name of the file in the folder. */
  file: z.string(),
  keep: z.int().min(0),
  claimedMs: z.number(),
  /** Since when it is one that is only kept. */
  releasedMs: z.number().optional(),
});
/** A claim as it lies in the folder: one file each, so that several programs can write theirs at once. */
export type ClaimRecord = z.infer<typeof Record>;

function folderOf(directory: string): string {
  return join(directory, '.ingot', 'claims');
}

/** @throws {RangeError} for a nonce that is none. */
function pathOf(directory: string, nonce: string): string {
  if (!NONCE.test(nonce)) throw new RangeError(`Cannot use ${JSON.stringify(nonce)} as a nonce`);
  return join(folderOf(directory), `${nonce}.json`);
}

/** Writes a claim, in place of one with the same nonce. */
export async function writeClaim(directory: string, claim: Omit<ClaimRecord, 'version'>): Promise<void> {
  const path = pathOf(directory, claim.nonce);
  await makeFolder(folderOf(directory));
  const temporary = `${path}.${process.pid}.new`;
  await writeFile(temporary, `${JSON.stringify({ version: VERSION, ...claim })}\n`);
  await rename(temporary, path);
}

/** One that is gone is no error. */
export async function removeClaim(directory: string, nonce: string): Promise<void> {
  await rm(pathOf(directory, nonce), { force: true });
}

/**
 * All claims in a folder, oldest first.
 * @throws {PublishError} `bad-record` or `io` for one that cannot be read: what it claims must not be removed.
 */
export async function readClaims(directory: string): Promise<ClaimRecord[]> {
  const names = (await unlessMissing(readdir(folderOf(directory)), folderOf(directory))) ?? [];
  const records: ClaimRecord[] = [];
  for (const name of names.filter((one) => one.endsWith('.json')).sort()) {
    const path = join(folderOf(directory), name);
    const text = await unlessMissing(readFile(path, 'utf8'), path);
    // Somebody has just removed it.
    if (text === undefined) continue;
    const parsed = Record.safeParse(jsonOf(text));
    if (!parsed.success) {
      const what = `Cannot read the claim ${path}: it is damaged, or of a newer Ingot; use that, or remove the file if nothing needs the image`;
      throw new PublishError('bad-record', what, { context: { path } });
    }
    records.push(parsed.data);
  }
  return records.sort((a, b) => a.claimedMs - b.claimedMs || (a.nonce < b.nonce ? -1 : 1));
}

export function claimOf({ nonce, urn, keep }: ClaimRecord): Claim {
  return { nonce, urn, keep };
}

/** What a file of JSON says; undefined for what is none. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
