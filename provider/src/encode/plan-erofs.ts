import { erofsSuperblock } from '../format/erofs/superblock.js';
import { guidOfName } from '../format/guid.js';
import type { Tree, TreeEntry } from '../model/tree.js';
import { checkTree } from './check-tree.js';
import type { EncodeContext } from './context.js';
import { EROFS_CELL_BLOCKS } from './erofs-cell.js';
import { planCell } from './erofs-cell-plan.js';
import { keptErofsLayout } from './erofs-kept-layout.js';
import { type ErofsNode, erofsNodes } from './erofs-nodes.js';
import type { ErofsPlan, ErofsPlanOptions } from './erofs-plan.js';

/** The plan of a tree. @throws {EncodeError} `bad-tree`, or `unrepresentable` when a value fits no field. */
export async function planErofs(
  tree: Tree,
  { name, label }: ErofsPlanOptions,
  context: EncodeContext,
): Promise<ErofsPlan> {
  checkTree(tree);
  const nodes = erofsNodes(tree);
  context.signal.throwIfAborted();
  const layout = await keptErofsLayout(nodes, context);
  const superblock = erofsSuperblock({
    rootNid: layout.nids[0] as number,
    inodeCount: nodes.length,
    blockCount: layout.cellCount * EROFS_CELL_BLOCKS,
    uuid: Buffer.from(guidOfName(`${name} EROFS root`).replaceAll('-', ''), 'hex'),
    label: Buffer.from(label),
    hasChunks: nodes.some(({ storage }) => storage.kind === 'chunks'),
  });
  const root = { nodes, layout, superblock, entryOf: entriesOf(nodes, tree) };
  return { cellCount: layout.cellCount, cells: layout.cells.map((placed) => planCell(placed, root)) };
}

/** A node's first path may be a hard link, which has no content itself. */
function entriesOf(nodes: readonly ErofsNode[], { entries }: Tree): Int32Array {
  const indexOf = new Map(entries.map(({ path }, index) => [path, index]));
  return Int32Array.from(nodes, ({ path }) => {
    const index = indexOf.get(path) ?? -1;
    const { type, link } = (entries[index] ?? {}) as Partial<TreeEntry>;
    return type === 'hardlink' ? (indexOf.get(link ?? '') ?? -1) : index;
  });
}
