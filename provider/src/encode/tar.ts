import { encodePath } from '../format/path-text.js';
import { checkTarHeader, type TarHeaderFields, tarEnd, tarHeader, tarPadding } from '../format/tar-writer.js';
import type { EntryType } from '../model/layer.js';
import type { Tree, TreeEntry } from '../model/tree.js';
import { archiveBytes } from './archive.js';
import type { ArchiveEntry } from './archive-chunks.js';
import { checkTree } from './check-tree.js';
import type { EncodeContext, EncodedFile } from './context.js';
import { type InodeEntry, namesOf, resolveInodes } from './inodes.js';
import { representable } from './representable.js';

/**
 * The root as one tar, uncompressed: entries in the order of the tree, the first name of a file with its body and the
 * others as links to it, extended attributes kept. Role: `tar`.
 * @throws {EncodeError} `bad-tree`, or `unrepresentable` when a value fits no field.
 */
export async function encodeTar(tree: Tree, context: EncodeContext): Promise<EncodedFile[]> {
  checkTree(tree);
  const entries = resolveInodes(tree.entries);
  const names = namesOf(entries);
  checkTarEntries(entries);
  return [{ role: 'tar', bytes: (options) => archiveBytes(archiveEntries(entries, names), context, options) }];
}

/**
 * That a tar can hold all of the entries: what does not fit is to be known before a byte is written.
 * @throws {EncodeError} `unrepresentable`.
 */
export function checkTarEntries(entries: Iterable<InodeEntry>): void {
  for (const entry of entries) representable(entry.path, WHERE, () => checkTarHeader(fieldsOf(entry)));
}

/** Of files with several names: all of them. */
type Names = ReadonlyMap<string, readonly string[]>;

/** A tar of the entries, with its end; the first of a file's names has to be among them where another one is. */
export function* archiveEntries(entries: Iterable<InodeEntry>, names: Names): Generator<ArchiveEntry> {
  for (const entry of entries) yield archiveEntry(entry, names);
  yield { path: '', header: tarEnd() };
}

function archiveEntry(entry: InodeEntry, names: Names): ArchiveEntry {
  const { path, content } = entry;
  const first = names.get(entry.inode)?.[0] ?? path;
  if (first !== path) return { path, header: headerOf({ ...entry, type: 'hardlink', link: first }) };
  const header = headerOf(entry);
  if (entry.type !== 'file' || content === undefined) return { path, header };
  return { path, header, content, padding: tarPadding(content.sizeBytes) };
}

function headerOf(entry: TreeEntry): Buffer {
  return representable(entry.path, WHERE, () => tarHeader(fieldsOf(entry)));
}

/** For messages. */
const WHERE = 'a tar';

function fieldsOf(entry: TreeEntry): TarHeaderFields {
  const { path, type, mode, uid, gid, mtimeSeconds, link, device, xattrs } = entry;
  return {
    path: encodePath(path),
    type,
    mode,
    uid,
    gid,
    mtimeSeconds,
    sizeBytes: type === 'file' ? (entry.content?.sizeBytes ?? 0) : 0,
    ...(isLink(type) ? { link: encodePath(link ?? '') } : undefined),
    ...(device !== undefined && isDevice(type) ? { device } : undefined),
    // A second name of a file shares its attributes.
    ...(xattrs === undefined || type === 'hardlink' ? undefined : { xattrs: xattrList(xattrs) }),
  };
}

function isLink(type: EntryType): boolean {
  return type === 'symlink' || type === 'hardlink';
}

function isDevice(type: EntryType): boolean {
  return type === 'char' || type === 'block';
}

function xattrList(xattrs: Readonly<Record<string, string>>) {
  return Object.entries(xattrs).map(([name, value]) => ({
    name: encodePath(name),
    value: Buffer.from(value, 'base64'),
  }));
}
