import { createHash } from 'node:crypto';
import type { EncodeContext } from './context.js';
import { type ErofsItem, type ErofsItems, erofsItems } from './erofs-bodies.js';
import { EROFS_CELL_BLOCKS } from './erofs-cell.js';
import { type ErofsLayout, erofsLayout, type PlacedCell } from './erofs-layout.js';
import type { ErofsNode } from './erofs-nodes.js';

/** Raised when the same nodes are to lie elsewhere, or the form changes. */
const LAYOUT_VERSION = 1;

/**
 * Where everything lies, as erofsLayout() says it; kept by what it depends on: names, components, and how many slots and
 * blocks each takes. Most changes of a file's content change none of those.
 * @throws {EncodeError} `unrepresentable`.
 */
export async function keptErofsLayout(nodes: readonly ErofsNode[], context: EncodeContext): Promise<ErofsLayout> {
  const items = erofsItems(nodes);
  const name = `erofs-layout ${LAYOUT_VERSION} ${shapeOf(nodes, items)}`;
  const range = await context.memo(name, async function* () {
    yield encoded(erofsLayout(nodes, items), items);
  });
  const bytes = Buffer.alloc(range.sizeBytes);
  await context.readInto(range, bytes);
  return decoded(JSON.parse(bytes.toString('latin1')), { nodes, items });
}

/** All of the nodes that decides where they lie. */
function shapeOf(nodes: readonly ErofsNode[], { items }: ErofsItems): string {
  const hash = createHash('sha256');
  let text = '';
  for (const { path, component, storage } of nodes) text += `${path}\0${component}\0${storage.slots}\n`;
  hash.update(text, 'utf16le');
  text = '';
  for (const { nodes: own, blocks, wholes } of items) {
    text += `${own[0]?.content !== undefined && 'names' in own[0].content ? 'd' : ''}${blocks}`;
    if (wholes.length > 0) text += ` ${wholes.join(' ')}`;
    for (const { index } of own) text += `,${index}`;
    text += '\n';
  }
  return hash.update(text, 'latin1').digest('hex');
}

interface Columns {
  readonly cellCount: number;
  /** Place, first block, blocks of the table, and the indexes of the items. */
  readonly shared: readonly (readonly [number, number, number, readonly number[]])[];
  /** Place, index of the node, chunk, blocks. */
  readonly wholes: readonly (readonly [number, number, number, number])[];
  readonly nids: readonly number[];
  readonly sharedStart: readonly number[];
}

function encoded({ cells, cellCount, nids, sharedStart }: ErofsLayout, { items }: ErofsItems): Buffer {
  const places = new Map(items.map((item, index) => [item, index]));
  const shared: Columns['shared'][number][] = [];
  const wholes: Columns['wholes'][number][] = [];
  for (const placed of cells) {
    if (placed.kind === 'whole') wholes.push([placed.place, placed.node.index, placed.chunk, placed.blocks]);
    else {
      const { firstBlock, tableBlocks, items: own } = placed.cell;
      shared.push([placed.place, firstBlock, tableBlocks, own.map((item) => places.get(item) as number)]);
    }
  }
  const columns: Columns = { cellCount, shared, wholes, nids: [...nids], sharedStart: [...sharedStart] };
  return Buffer.from(JSON.stringify(columns));
}

function decoded(
  { cellCount, shared, wholes, nids, sharedStart }: Columns,
  { nodes, items: { items, bodyOf } }: { readonly nodes: readonly ErofsNode[]; readonly items: ErofsItems },
): ErofsLayout {
  const cells: PlacedCell[] = shared.map(([place, firstBlock, tableBlocks, own]) => {
    const inCell = own.map((index) => items[index] as ErofsItem);
    return { kind: 'shared', place, cell: { items: inCell, firstBlock, tableBlocks } };
  });
  const wholeStarts = new Map<number, number[]>();
  for (const [place, index, chunk, blocks] of wholes) {
    cells.push({ kind: 'whole', place, node: nodes[index] as ErofsNode, chunk, blocks });
    const starts = wholeStarts.get(index) ?? [];
    starts[chunk] = place * EROFS_CELL_BLOCKS;
    wholeStarts.set(index, starts);
  }
  cells.sort((a, b) => a.place - b.place);
  return {
    ...{ cells, cellCount, wholeStarts, bodyOf },
    ...{ nids: Float64Array.from(nids), sharedStart: Float64Array.from(sharedStart) },
  };
}
