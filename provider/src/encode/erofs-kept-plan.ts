import { sha256 } from '../model/digest.js';
import type { Tree } from '../model/tree.js';
import type { EncodeContext } from './context.js';
import { decodeErofsPlan, type ErofsPlan, type ErofsPlanOptions, encodeErofsPlan } from './erofs-plan.js';
import { treeShape } from './erofs-tree-shape.js';

/** Raised when the same tree is to give another plan, or the form changes. */
const PLAN_VERSION = 1;

/**
 * Where everything of a tree lies, and all bytes beside the contents of its files; kept by the shape of the tree. A file
 * that is changed has most often the length that it had.
 * @throws {EncodeError} `bad-tree`, or `unrepresentable` when a value fits no field.
 */
export async function keptErofsPlan(tree: Tree, options: ErofsPlanOptions, context: EncodeContext): Promise<ErofsPlan> {
  const { name, label } = options;
  const made = async (): Promise<ErofsPlan> => (await import('./plan-erofs.js')).planErofs(tree, options, context);
  const key = `erofs-plan ${PLAN_VERSION} ${sha256(JSON.stringify([name, label, treeShape(tree)]))}`;
  const range = await context.memo(key, async function* () {
    yield* encodeErofsPlan(await made());
  });
  const bytes = Buffer.alloc(range.sizeBytes);
  await context.readInto(range, bytes);
  // Compared each time: keys of regions follow from it, so what is damaged here would be believed in everything.
  return sha256(bytes) === range.blob ? decodeErofsPlan(bytes) : made();
}
