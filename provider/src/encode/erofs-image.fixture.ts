import type { ErofsEntry } from '../format/erofs/reader.js';
import { ErofsReader } from '../format/erofs/reader.js';
import { MODE_TYPE } from '../format/mode.js';
import { decodePath } from '../format/path-text.js';
import { sha256 } from '../model/digest.js';
import type { Tree } from '../model/tree.js';
import { bufferOf } from './block-image.fixture.js';
import type { BlockImage } from './block-image.js';
import { resolveInodes } from './inodes.js';

/** What an image and the tree that it was made from say of a path, for comparing them. */
export interface RootEntry {
  readonly path: string;
  /** Type and permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeSeconds: number;
  readonly linkCount: number;
  /** The first path of the same inode. */
  readonly inode: string;
  /** Digest of a file's content or a symlink's target; a device's numbers. */
  readonly content?: string;
  readonly xattrs: Readonly<Record<string, string>>;
}

/** What the tree wants, without the root, sorted by path. */
export function wantedEntries(tree: Tree): RootEntry[] {
  const entries = resolveInodes(tree.entries);
  const names = new Map<string, string[]>();
  const folders = new Map<string, number>();
  for (const { inode, path, type } of entries) {
    names.set(inode, [...(names.get(inode) ?? []), path]);
    const parent = path.slice(0, Math.max(path.lastIndexOf('/'), 0));
    if (type === 'directory') folders.set(parent, (folders.get(parent) ?? 0) + 1);
  }
  const wanted = entries.map((entry): RootEntry => {
    const { path, type, mode, uid, gid, mtimeSeconds, device, inode } = entry;
    const content =
      type === 'file'
        ? entry.content?.sha256
        : type === 'symlink'
          ? sha256(entry.link ?? '')
          : device === undefined
            ? undefined
            : `${device.major}:${device.minor}`;
    return {
      path,
      mode: MODE_TYPE[type] | mode,
      uid,
      gid,
      mtimeSeconds,
      linkCount: type === 'directory' ? 2 + (folders.get(path) ?? 0) : (names.get(inode)?.length ?? 1),
      inode: [...(names.get(inode) ?? [])].sort(byText)[0] ?? path,
      ...(content === undefined ? undefined : { content }),
      xattrs: entry.xattrs ?? {},
    };
  });
  return wanted.sort((a, b) => byText(a.path, b.path));
}

/** What our own reader finds in an image that fits into memory, without the root, sorted by path. */
export async function readEntries(image: BlockImage): Promise<RootEntry[]> {
  const bytes = await bufferOf(image);
  const reader = await ErofsReader.open(async (offset, sizeBytes) => {
    if (offset + sizeBytes > bytes.length) throw new RangeError(`there is nothing at ${offset}`);
    return bytes.subarray(offset, offset + sizeBytes);
  });
  const read: ErofsEntry[] = [];
  for await (const entry of reader.entries()) if (entry.path.length > 0) read.push(entry);
  const firsts = new Map<number, string>();
  for (const path of read
    .map((entry) => [entry.nid, decodePath(entry.path)] as const)
    .sort((a, b) => byText(a[1], b[1]))) {
    if (!firsts.has(path[0])) firsts.set(...path);
  }
  const found = await Promise.all(
    read.map(async (entry): Promise<RootEntry> => {
      const { inode, nid, xattrs } = entry;
      const content = await contentOf(reader, entry);
      const path = decodePath(entry.path);
      return {
        path,
        mode: inode.mode,
        uid: inode.uid,
        gid: inode.gid,
        mtimeSeconds: inode.mtimeSeconds,
        linkCount: inode.linkCount,
        inode: firsts.get(nid) ?? path,
        ...(content === undefined ? undefined : { content }),
        xattrs: Object.fromEntries(xattrs.map(({ name, value }) => [decodePath(name), value.toString('base64')])),
      };
    }),
  );
  return found.sort((a, b) => byText(a.path, b.path));
}

async function contentOf(reader: ErofsReader, entry: ErofsEntry): Promise<string | undefined> {
  const { layout, mode } = entry.inode;
  const type = mode & MODE_TYPE.mask;
  if (layout.kind === 'device') return `${layout.major}:${layout.minor}`;
  if (type !== MODE_TYPE.file && type !== MODE_TYPE.symlink) return undefined;
  const parts: Buffer[] = [];
  for await (const bytes of reader.content(entry)) parts.push(bytes);
  return sha256(Buffer.concat(parts));
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
