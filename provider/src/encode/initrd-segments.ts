import { createHash } from 'node:crypto';
import { cpioHeader, cpioPadding, cpioTrailer } from '../format/cpio.js';
import { MODE_TYPE } from '../format/mode.js';
import { encodePath } from '../format/path-text.js';
import { hexOf } from '../model/digest.js';
import type { Component } from '../model/tree.js';
import type { ArchiveEntry } from './archive-chunks.js';
import { type InodeEntry, namesOf } from './inodes.js';
import { mergeSmall } from './merge-small.js';
import { representable } from './representable.js';

/** A part of an initramfs that is compressed, and kept, by itself. */
export type InitrdSegment = readonly ArchiveEntry[];

/**
 * The segments of an initramfs, in their order: all folders of the tree, since the kernel skips without a word what has
 * no folder yet; the other entries, component by component, small ones together; and the end mark. What a segment holds
 * does not depend on the segments before it, so a change in one component leaves most others as they are. A file
 * whose names lie in several components has its body with the first of them.
 * @throws {EncodeError} `unrepresentable` when a value fits no field.
 */
export function initrdSegments(entries: readonly InodeEntry[], components: readonly Component[]): InitrdSegment[] {
  const folders = entries.filter(({ type }) => type === 'directory');
  const members = new Map<string, InodeEntry[]>(components.map(({ id }) => [id, []]));
  for (const entry of entries) if (entry.type !== 'directory') members.get(entry.component)?.push(entry);
  const names = namesOf([...members.values()].flat());
  const inodes = new Map<string, Inode>();
  const parts = [...members].map(([id, own]) => memberEntries(own, { id, names, inodes }));
  return [folderEntries(folders), ...mergeSmall(parts), [{ path: '', header: cpioTrailer() }]];
}

/** All that decides the bytes of a segment: headers, the digests of the bodies, and what compresses them. */
export function segmentKey(segment: InitrdSegment, compressor: string): string {
  const hash = createHash('sha256');
  for (const { header, content } of segment) {
    hash.update(header);
    if (content !== undefined) hash.update(hexOf(content.sha256));
  }
  return `initrd-segment ${SEGMENT_VERSION} ${compressor} ${hash.digest('hex')}`;
}

/** Raised when the same entries are to give other bytes, such as by another size of frames. */
const SEGMENT_VERSION = 1;

/** By which the kernel knows the names of one file. */
interface Inode {
  readonly inode: number;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
}

interface Segment {
  readonly id: string;
  /** Of files with several names: all of them, in the order of the archive. */
  readonly names: ReadonlyMap<string, readonly string[]>;
  /** Of files with several names that are in the archive already. Filled here. */
  readonly inodes: Map<string, Inode>;
}

/** Without it, the root of the kernel's tmpfs would keep mode 1777. */
const ROOT: Pick<InodeEntry, 'path' | 'mode' | 'uid' | 'gid' | 'mtimeSeconds'> = {
  path: '.',
  mode: 0o755,
  uid: 0,
  gid: 0,
  mtimeSeconds: 0,
};

function folderEntries(folders: readonly InodeEntry[]): ArchiveEntry[] {
  const device = deviceOf('folders');
  return [ROOT, ...folders].map((folder, index) => ({
    path: folder.path,
    header: headerOf(folder, {
      mode: MODE_TYPE.directory | folder.mode,
      linkCount: 2,
      sizeBytes: 0,
      ...device,
      inode: index + 1,
    }),
  }));
}

function memberEntries(entries: readonly InodeEntry[], segment: Segment): ArchiveEntry[] {
  const device = deviceOf(`component ${segment.id}`);
  return entries.map((entry, index) => memberEntry(entry, { ...device, inode: index + 1 }, segment));
}

function memberEntry(entry: InodeEntry, own: Inode, { names, inodes }: Segment): ArchiveEntry {
  const { path, type } = entry;
  const mode = MODE_TYPE[type] | entry.mode;
  if (type === 'symlink') {
    const target = encodePath(entry.link ?? '');
    const header = headerOf(entry, { mode, linkCount: 1, sizeBytes: target.byteLength, ...own });
    return { path, header: Buffer.concat([header, target, cpioPadding(target.byteLength)]) };
  }
  if (type !== 'file' || entry.content === undefined) {
    const { major: specialMajor = 0, minor: specialMinor = 0 } = entry.device ?? {};
    return { path, header: headerOf(entry, { mode, linkCount: 1, sizeBytes: 0, specialMajor, specialMinor, ...own }) };
  }
  const { content } = entry;
  const linkCount = names.get(entry.inode)?.length ?? 1;
  const first = inodes.get(entry.inode);
  if (first !== undefined) return { path, header: headerOf(entry, { mode, linkCount, sizeBytes: 0, ...first }) };
  if (linkCount > 1) inodes.set(entry.inode, own);
  const header = headerOf(entry, { mode, linkCount, sizeBytes: content.sizeBytes, ...own });
  return { path, header, content, padding: cpioPadding(content.sizeBytes) };
}

type FromEntry = 'name' | 'uid' | 'gid' | 'mtimeSeconds';

function headerOf(
  entry: Pick<InodeEntry, 'path' | 'uid' | 'gid' | 'mtimeSeconds'>,
  rest: Omit<Parameters<typeof cpioHeader>[0], FromEntry>,
): Buffer {
  const { path, uid, gid, mtimeSeconds } = entry;
  return representable(path, 'an initramfs', () =>
    cpioHeader({ name: encodePath(path), uid, gid, mtimeSeconds, ...rest }),
  );
}

/**
 * A device number for each segment, so that inode numbers need only be unique within it. From its name alone: a number
 * that depended on other segments would change with them. 64 bits, so no two are equal by chance.
 */
function deviceOf(segment: string): Pick<Inode, 'deviceMajor' | 'deviceMinor'> {
  const hash = createHash('sha256').update(segment).digest();
  return { deviceMajor: hash.readUInt32BE(0), deviceMinor: hash.readUInt32BE(4) };
}
