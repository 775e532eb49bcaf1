import { canonicalJson, type Digest, type EntryType, type TreeEntry } from '../model/index.js';
import { compareByBytes } from './byte-order.js';

/** What can differ between two entries of one path, in the order in which it is told. */
export const ENTRY_ASPECTS = [
  'type',
  'content',
  'mode',
  /** The bits that let whoever runs it act as its owner or group; `mode` has changed as well then. */
  'setuid',
  'owner',
  'link',
  'device',
  'xattrs',
  /** Which other paths are names of the same file. */
  'names',
  'time',
] as const;
export type EntryAspect = (typeof ENTRY_ASPECTS)[number];

/** What can be seen of an entry, whichever blob its bytes lie in. A hard link is told as the file that it names. */
export interface EntryState {
  readonly type: Exclude<EntryType, 'hardlink'>;
  /** The twelve permission bits, in four octal digits. */
  readonly mode: string;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeSeconds: number;
  /** Both only of a file. */
  readonly sizeBytes?: number;
  readonly sha256?: Digest;
  /** Of a symlink: its target. */
  readonly link?: string;
  readonly device?: { readonly major: number; readonly minor: number };
  readonly xattrs?: Readonly<Record<string, string>>;
  /** Of a file with several names: the first of them. */
  readonly firstName?: string;
}

/** One path that differs between two trees. */
export interface EntryChange {
  readonly path: string;
  readonly kind: 'added' | 'removed' | 'changed';
  /** What differs; empty for what was added or removed. */
  readonly aspects: readonly EntryAspect[];
  readonly before?: EntryState;
  readonly after?: EntryState;
}

/**
 * What differs between two lists of entries that are sorted by the bytes of their paths, as those of a tree are: in
 * the same order. Takes time in proportion to both lists together.
 */
export function entryChanges(before: readonly TreeEntry[], after: readonly TreeEntry[]): EntryChange[] {
  const [oldState, newState] = [statesOf(before), statesOf(after)];
  const changes: EntryChange[] = [];
  let [old, now] = [0, 0];
  while (old < before.length || now < after.length) {
    const [left, right] = [before[old], after[now]];
    const order = left === undefined ? 1 : right === undefined ? -1 : compareByBytes(left.path, right.path);
    if (left !== undefined && order < 0) {
      changes.push({ path: left.path, kind: 'removed', aspects: [], before: oldState(left) });
      old += 1;
    } else if (right !== undefined && order > 0) {
      changes.push({ path: right.path, kind: 'added', aspects: [], after: newState(right) });
      now += 1;
    } else if (left !== undefined && right !== undefined) {
      const [was, is] = [oldState(left), newState(right)];
      const aspects = aspectsOf(was, is);
      if (aspects.length > 0) changes.push({ path: left.path, kind: 'changed', aspects, before: was, after: is });
      old += 1;
      now += 1;
    }
  }
  return changes;
}

/** Whether it can act as its owner or group when it is run. */
export function isSetuid(state: Pick<EntryState, 'type' | 'mode'> | undefined): boolean {
  return state?.type === 'file' && (Number.parseInt(state.mode, 8) & 0o6000) !== 0;
}

const COMPARED: Readonly<Record<EntryAspect, (state: EntryState) => unknown>> = {
  type: ({ type }) => type,
  content: ({ sha256, sizeBytes }) => `${sha256} ${sizeBytes}`,
  mode: ({ mode }) => mode,
  setuid: (state) => isSetuid(state),
  owner: ({ uid, gid }) => `${uid}:${gid}`,
  link: ({ link }) => link,
  device: ({ device }) => device && `${device.major}:${device.minor}`,
  xattrs: ({ xattrs }) => xattrs && canonicalJson(xattrs),
  names: ({ firstName }) => firstName,
  time: ({ mtimeSeconds }) => mtimeSeconds,
};

function aspectsOf(before: EntryState, after: EntryState): EntryAspect[] {
  const differing = ENTRY_ASPECTS.filter((aspect) => COMPARED[aspect](before) !== COMPARED[aspect](after));
  // Of a file that became a link, all else follows from that.
  return differing[0] === 'type' ? ['type'] : differing;
}

/** What tells the state of each of these entries. A hard link to nothing stands as an empty file. */
function statesOf(entries: readonly TreeEntry[]): (entry: TreeEntry) => EntryState {
  const targets = new Set(entries.flatMap(({ type, link }) => (type === 'hardlink' && link ? [link] : [])));
  const files = new Map<string, TreeEntry>();
  const firstNames = new Map<string, string>();
  for (const entry of targets.size > 0 ? entries : []) {
    const target = targetOf(entry);
    if (!targets.has(target)) continue;
    if (entry.type !== 'hardlink') files.set(target, entry);
    if (!firstNames.has(target)) firstNames.set(target, entry.path);
  }
  return (entry) => stateOf(files.get(targetOf(entry)) ?? entry, firstNames.get(targetOf(entry)));
}

function targetOf({ type, link, path }: TreeEntry): string {
  return type === 'hardlink' ? (link ?? '') : path;
}

function stateOf(entry: TreeEntry, firstName: string | undefined): EntryState {
  const { type, mode, uid, gid, mtimeSeconds, content, link, device, xattrs } = entry;
  return {
    type: type === 'hardlink' ? 'file' : type,
    mode: mode.toString(8).padStart(4, '0'),
    uid,
    gid,
    mtimeSeconds,
    ...(content === undefined ? {} : { sizeBytes: content.sizeBytes, sha256: content.sha256 }),
    ...(type === 'symlink' && link !== undefined ? { link } : {}),
    ...(device === undefined ? {} : { device }),
    ...(xattrs === undefined ? {} : { xattrs }),
    ...(firstName === undefined ? {} : { firstName }),
  };
}
