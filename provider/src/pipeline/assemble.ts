import type { Contents } from '../model/contents.js';
import type { Json } from '../model/digest.js';
import { type LockedImage, lockDigest, RECIPE } from '../model/lock.js';
import type { Tree } from '../model/tree.js';
import { assembledOf } from './assembled.js';
import { open } from './open.js';
import type { Workshop } from './workshop.js';

/** Lock → Tree: the whole root file system. */
export async function assemble(image: LockedImage, workshop: Workshop): Promise<Tree> {
  const { assemble: assembleTree } = await import('../tree/assemble.js');
  return assembleTree(await open(image, workshop));
}

/** Lock → Contents: what is in the image, in words. Kept by digest. */
export async function describe(image: LockedImage, workshop: Workshop): Promise<Contents> {
  const key = `contents 4 ${lockDigest(image.lock)} ${RECIPE}`;
  const known = await workshop.store.recall(key);
  if (known !== undefined) return known as unknown as Contents;
  const { describe: describeTree } = await import('../tree/contents.js');
  const { tree, input } = await assembledOf(image, workshop);
  const contents = await describeTree(tree, input);
  await workshop.store.remember(key, contents as unknown as Json);
  return contents;
}
