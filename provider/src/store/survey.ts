import { readdirSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { type Digest, isDigest } from '../model/digest.js';
import { errnoOf } from './error.js';
import { blobsFolder, factsFolder, marksFolder, temporaryFolder } from './places.js';

/** What lies in a store and can be removed. */
export interface StoredItem {
  readonly path: string;
  readonly sizeBytes: number;
  /** To the hour. */
  readonly lastUsedMs: number;
}

export interface StoredBlob extends StoredItem {
  readonly digest: Digest;
  /** Paths of all marks that it has; those of earlier states among them. */
  readonly marks: readonly string[];
}

export interface Survey {
  readonly blobs: readonly StoredBlob[];
  readonly facts: readonly StoredItem[];
  /** What is being written, or was left over, and is removed after a day. */
  readonly temporary: readonly StoredItem[];
  /** Paths of marks of blobs that are not there: of a shared store, or gone. */
  readonly looseMarks: readonly StoredItem[];
}

/**
 * What lies in the folder of a store, in no particular order, while other processes add to it and remove from it.
 * 10,000 blobs take 0.2 s.
 */
export async function survey(directory: string, signal?: AbortSignal): Promise<Survey> {
  const marks = new Map<string, StoredItem[]>();
  for await (const item of itemsIn(marksFolder(directory), signal)) {
    const [hex = ''] = item.name.split('.');
    marks.set(hex, [...(marks.get(hex) ?? []), item]);
  }
  const blobs: StoredBlob[] = [];
  for await (const { name, ...item } of itemsIn(blobsFolder(directory), signal)) {
    const digest = `sha256:${name}`;
    if (!isDigest(digest)) continue;
    const own = marks.get(name) ?? [];
    marks.delete(name);
    // Without a mark it was used last when it was written.
    const lastUsedMs = Math.max(item.lastUsedMs, ...own.map((mark) => mark.lastUsedMs));
    blobs.push({ ...item, digest, lastUsedMs, marks: own.map(({ path }) => path) });
  }
  const facts: StoredItem[] = [];
  for await (const { name: _, ...item } of itemsIn(factsFolder(directory), signal)) facts.push(item);
  const temporary: StoredItem[] = [];
  for (const path of listed(temporaryFolder(directory))) {
    const status = statusOf(path);
    if (status !== undefined) temporary.push({ path, ...of(status) });
  }
  return { blobs, facts, temporary, looseMarks: [...marks.values()].flat() };
}

/** The files two levels down, which is where all things lie. */
async function* itemsIn(folder: string, signal?: AbortSignal): AsyncGenerator<StoredItem & { readonly name: string }> {
  for (const shelf of listed(folder)) {
    signal?.throwIfAborted();
    // Synchronous calls take a tenth of the time; in between others get their turn.
    await setImmediate();
    for (const path of listed(shelf)) {
      const status = statusOf(path);
      if (status?.isFile() === true) yield { path, name: path.slice(shelf.length + 1), ...of(status) };
    }
  }
}

function of({ size, mtimeMs }: Stats): { readonly sizeBytes: number; readonly lastUsedMs: number } {
  return { sizeBytes: size, lastUsedMs: mtimeMs };
}

function listed(folder: string): string[] {
  try {
    return readdirSync(folder).map((name) => join(folder, name));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return [];
    throw error;
  }
}

/** Undefined for what another process has removed since it was listed. */
function statusOf(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}
