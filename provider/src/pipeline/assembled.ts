import type { LockedImage } from '../model/lock.js';
import type { Tree } from '../model/tree.js';
import type { AssembleInput } from '../tree/assemble-input.js';
import type { InitramfsOptions } from '../tree/initramfs.js';
import { keepTree, recallTree, treeKey } from './kept-tree.js';
import { open } from './open.js';
import type { Workshop } from './workshop.js';

/** A tree, and what else is known of what it is made of. */
export interface Assembled {
  readonly image: LockedImage;
  /** All that decides the tree but what the user's files hold. */
  readonly key: string;
  readonly tree: Tree;
  /** What describes it. Where the tree was kept, layers have no entries here, but for the boot stub. */
  readonly input: AssembleInput;
  /** The small root that finds the one on a disk. */
  readonly initramfs: (options: InitramfsOptions) => Promise<Tree>;
}

/** Several formats of an image are made from one tree. What reads for it reads from the store of its workshop. */
const KNOWN = new WeakMap<Workshop, WeakMap<LockedImage, Promise<Assembled>>>();

/** Lock → Tree, with all that it takes to encode it. */
export async function assembledOf(image: LockedImage, workshop: Workshop): Promise<Assembled> {
  const known = KNOWN.get(workshop) ?? new WeakMap<LockedImage, Promise<Assembled>>();
  KNOWN.set(workshop, known);
  const before = known.get(image);
  if (before !== undefined) return before;
  const made = assembled(image, workshop);
  known.set(image, made);
  // What failed may be asked for again.
  made.catch(() => known.delete(image));
  return made;
}

async function assembled(image: LockedImage, workshop: Workshop): Promise<Assembled> {
  workshop.progress({ step: 'assembling' });
  const key = treeKey(image.lock);
  let opened: Promise<AssembleInput> | undefined;
  const whole = (): Promise<AssembleInput> => {
    opened ??= open(image, workshop);
    return opened;
  };
  const recalled = await recallTree(key, image, workshop);
  const { tree, input } = recalled ?? (await assembleAnew(key, await whole(), workshop));
  const initramfs = async (options: InitramfsOptions): Promise<Tree> => {
    const own = `${key} initramfs ${options.root} ${options.verity}`;
    const kept = await recallTree(own, image, workshop);
    if (kept !== undefined) return kept.tree;
    const { assembleInitramfs } = await import('../tree/initramfs.js');
    const made = await assembleInitramfs(await whole(), options);
    await keepTree(own, { tree: made, input: await whole() }, workshop);
    return made;
  };
  return { image, key, tree, input, initramfs };
}

async function assembleAnew(
  key: string,
  input: AssembleInput,
  workshop: Workshop,
): Promise<Pick<Assembled, 'tree' | 'input'>> {
  const { assemble } = await import('../tree/assemble.js');
  const tree = await assemble(input);
  await keepTree(key, { tree, input }, workshop);
  return { tree, input };
}
