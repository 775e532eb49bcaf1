import type { Contents } from '../model/contents.js';
import type { Digest } from '../model/digest.js';
import type { BlobRange } from '../model/layer.js';
import { type LockedImage, lockDigest } from '../model/lock.js';
import type { Tree } from '../model/tree.js';
import type { DiffTextOptions } from '../tree/diff-text.js';
import type { ImageDiff } from '../tree/image-diff.js';
import { open } from './open.js';
import type { Workshop } from './workshop.js';

/** What an image is compared by: its files, and what is said of them. */
export interface Survey {
  readonly name: string;
  /** Of the image; of an archive, its own. */
  readonly digest: Digest;
  /** Whether only files are known, and no lock. */
  readonly filesAlone: boolean;
  readonly tree: Pick<Tree, 'entries'>;
  readonly read: (range: BlobRange) => Promise<Uint8Array>;
  /** Not shortened. */
  readonly describe: () => Promise<Contents>;
}

/** Lock → Survey. */
export async function survey(name: string, image: LockedImage, workshop: Workshop): Promise<Survey> {
  const { assemble: assembleTree } = await import('../tree/assemble.js');
  const input = await open(image, workshop);
  const tree = await assembleTree(input);
  const describeTree = async () => (await import('../tree/contents.js')).describeWhole(tree, input);
  const { read } = input;
  return { name, digest: lockDigest(image.lock), filesAlone: false, tree, read, describe: describeTree };
}

/** Whether a path leads to a tar of a root rather than to a spec. */
export async function isArchive(path: string, workshop: Workshop): Promise<boolean> {
  return (await import('../source/file/root-archive.js')).isArchive(path, workshop);
}

/** A tar of a root, built by whomever → Survey, for as long as `use` runs. */
export async function withArchive<T>(
  path: string,
  workshop: Workshop,
  use: (survey: Survey) => Promise<T>,
): Promise<T> {
  const { withRootArchive } = await import('../source/file/root-archive.js');
  const { archiveEntries } = await import('../tree/archive-entries.js');
  const { describeRoot } = await import('../tree/root-contents.js');
  return withRootArchive(path, workshop, async ({ digest, entries: found, read }) => {
    const entries = archiveEntries(found);
    return use({
      name: path,
      digest,
      filesAlone: true,
      tree: { entries },
      read,
      describe: () => describeRoot(entries, read),
    });
  });
}

/** All that differs between two images. Where of one the files alone are known, the other is told by its files too. */
export async function compare(before: Survey, after: Survey): Promise<ImageDiff> {
  const { imageDiff } = await import('../tree/image-diff.js');
  const { describeRoot } = await import('../tree/root-contents.js');
  const filesAlone = before.filesAlone || after.filesAlone;
  const compared = async (side: Survey) => {
    const { name, digest, tree, read } = side;
    const contents = filesAlone ? await describeRoot(tree.entries, read) : await side.describe();
    return { name, digest, contents, entries: tree.entries };
  };
  return imageDiff(await compared(before), await compared(after));
}

/** A difference as text, or as one page. */
export async function formatDiff(diff: ImageDiff, options: DiffTextOptions): Promise<string> {
  return (await import('../tree/diff-text.js')).formatDiff(diff, options);
}

export async function diffPage(diff: ImageDiff, options: Pick<DiffTextOptions, 'maxFiles'>): Promise<string> {
  return (await import('../tree/diff-html.js')).diffPage(diff, options);
}
