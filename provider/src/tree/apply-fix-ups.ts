import type { FixUp, Owner } from './fix-up.js';
import { generated } from './generated.js';
import type { Ids } from './ids.js';
import {
  type Folder,
  find,
  findLink,
  makeFolder,
  type Node,
  newFile,
  newLeaf,
  newSymlink,
  type Ownership,
  plainFolder,
  put,
} from './root.js';

export interface FixUpContext {
  readonly root: Folder;
  readonly uids: Ids;
  readonly gids: Ids;
  /** Of what is made here. */
  readonly component: string;
  readonly mtimeSeconds: number;
  /** For folders on the way to what is made, which others may need too. */
  readonly shared: Ownership;
}

/** Does to `root` what the list says, in its order; users and groups are done before (debian-accounts.ts). */
export function applyFixUps(fixUps: readonly FixUp[], context: FixUpContext): void {
  for (const fixUp of fixUps) apply(fixUp, context);
}

function apply(fixUp: FixUp, context: FixUpContext): void {
  const { root, shared } = context;
  switch (fixUp.do) {
    case 'user':
    case 'group':
      return;
    case 'folder': {
      const there = find(root, fixUp.path);
      if (there?.type === 'directory') own(there, fixUp, context);
      else Object.assign(makeFolder(root, fixUp.path, shared), ownershipOf(fixUp, 0o755, context));
      return;
    }
    case 'file':
      if (findLink(root, fixUp.path) === undefined) {
        put(root, fixUp.path, newFile(generated(fixUp.text ?? ''), ownershipOf(fixUp, 0o644, context)), shared);
      }
      return;
    case 'own': {
      const node = find(root, fixUp.path);
      if (node !== undefined) own(node, fixUp, context);
      return;
    }
    case 'copy':
      copy(fixUp, context);
      return;
    case 'link': {
      const there = findLink(root, fixUp.path);
      const isEmptyFolder = there?.type === 'directory' && there.children.size === 0;
      if (there === undefined || (fixUp.over === 'folder' && isEmptyFolder)) {
        put(root, fixUp.path, newSymlink(fixUp.target, ownershipOf({}, 0o777, context)), shared);
      }
    }
  }
}

/** What the fix-up does not name stays as it is. */
function own(node: Node, { mode, user, group }: Owner, { uids, gids }: FixUpContext): void {
  node.mode = mode ?? node.mode;
  node.uid = user === undefined ? node.uid : (uids.get(user) ?? 0);
  node.gid = group === undefined ? node.gid : (gids.get(group) ?? 0);
}

function copy(fixUp: FixUp & { do: 'copy' }, context: FixUpContext): void {
  const { root, shared } = context;
  const source = find(root, fixUp.from);
  if (source?.type !== 'file' || findLink(root, fixUp.path) !== undefined) return;
  const ownership = ownershipOf({}, fixUp.mode ?? source.mode, context);
  put(root, fixUp.path, newLeaf('file', ownership, { content: source.content }), shared);
}

/** Names that the root does not know count as root: better a folder that is shut than one that is missing. */
function ownershipOf({ mode, user, group }: Owner, defaultMode: number, context: FixUpContext): Ownership {
  const { component, mtimeSeconds, uids, gids } = context;
  return {
    ...plainFolder(component, mtimeSeconds),
    mode: mode ?? defaultMode,
    uid: uids.get(user ?? 'root') ?? 0,
    gid: gids.get(group ?? 'root') ?? 0,
  };
}
