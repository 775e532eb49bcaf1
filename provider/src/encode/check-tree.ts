import type { Tree, TreeEntry } from '../model/tree.js';
import { EncodeError } from './error.js';

/**
 * That a tree keeps the rules that its readers rely on: a kernel, for one, skips without a word what has no folder.
 * @throws {EncodeError} `bad-tree`.
 */
export function checkTree(tree: Tree): void {
  const components = new Set(tree.components.map(({ id }) => id));
  const directories = new Set(['']);
  const paths = new Set<string>();
  for (const entry of tree.entries) {
    const problem = problemOf(entry, { components, directories, paths });
    if (problem !== undefined) {
      throw new EncodeError('bad-tree', `Cannot encode ${JSON.stringify(entry.path)}: ${problem}`, {
        context: { path: entry.path },
      });
    }
    paths.add(entry.path);
    if (entry.type === 'directory') directories.add(entry.path);
  }
}

interface Known {
  readonly components: ReadonlySet<string>;
  readonly directories: ReadonlySet<string>;
  readonly paths: ReadonlySet<string>;
}

const UNSAFE = /(?:^|\/)\.{0,2}(?:\/|$)/;
const UNSAFE_NAME = /^\.{0,2}$/;

function problemOf(entry: TreeEntry, { components, directories, paths }: Known): string | undefined {
  const { path, type } = entry;
  const slash = path.lastIndexOf('/');
  const inKnown = directories.has(path.slice(0, Math.max(slash, 0)));
  // The folder's own path was looked at when it came.
  if (slash === 0 || UNSAFE_NAME.test(path.slice(slash + 1)) || (!inKnown && UNSAFE.test(path))) {
    return 'its path has a part that is empty, "." or ".."; wanted a relative path';
  }
  if (paths.has(path)) return 'its path is there twice; wanted each path once';
  if (!inKnown) {
    return 'the folder it lies in does not come before it; wanted parents before children';
  }
  if (!components.has(entry.component)) return `its component ${entry.component} is not one of the tree's`;
  if (type === 'file' && entry.content === undefined) return 'it is a file without content';
  if ((type === 'char' || type === 'block') && entry.device === undefined) return 'it is a device without a number';
  if ((type === 'symlink' || type === 'hardlink') && !entry.link) return 'it is a link without a target';
  return undefined;
}
