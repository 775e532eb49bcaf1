import type { Tree, TreeEntry } from '../model/tree.js';
import { checkTree } from './check-tree.js';
import { EncodeError } from './error.js';
import { type InodeEntry, resolveInodes } from './inodes.js';

/** LinuxKit's places for what goes beside the root or before it, not into it. */
const KERNEL = 'boot/kernel';
const COMMAND_LINE = 'boot/cmdline';
const MICROCODE = 'boot/ucode.cpio';
const BESIDE: readonly string[] = [KERNEL, COMMAND_LINE, MICROCODE];

export type FileEntry = InodeEntry & { readonly content: NonNullable<InodeEntry['content']> };

/** A tree, taken apart into what a boot loader is given each by itself. */
export interface BootParts {
  readonly kernel: FileEntry;
  /** Uncompressed, and wanted before all else. */
  readonly microcode?: FileEntry;
  readonly root: Tree;
}

/** @throws {EncodeError} `no-kernel`, `bad-tree`. */
export function bootParts(tree: Tree): BootParts {
  checkTree(tree);
  const beside = new Map(
    resolveInodes(withFilesOf(tree.entries)).flatMap((entry) => (isBeside(entry) ? [[entry.path, entry]] : [])),
  );
  const kernel = beside.get(KERNEL);
  if (kernel === undefined) {
    throw new EncodeError(
      'no-kernel',
      `Cannot encode what boots: the tree has no file ${KERNEL}; name a kernel in the spec`,
      {
        context: { path: KERNEL, property: 'kernel' },
      },
    );
  }
  const microcode = beside.get(MICROCODE);
  return {
    kernel,
    ...(microcode ? { microcode } : {}),
    root: { ...tree, entries: withoutBeside(tree.entries) },
  };
}

/** The entries that are taken out, and those that they are other names of. */
function withFilesOf(entries: readonly TreeEntry[]): TreeEntry[] {
  const taken = entries.filter(({ path }) => BESIDE.includes(path));
  const links = new Set(taken.flatMap(({ type, link }) => (type === 'hardlink' ? [link] : [])));
  return links.size === 0 ? taken : [...taken, ...entries.filter(({ path }) => links.has(path))];
}

/** A file that was taken out may have other names; the first of them has the content then. */
function withoutBeside(entries: readonly TreeEntry[]): TreeEntry[] {
  const taken = new Map(entries.flatMap((entry) => (BESIDE.includes(entry.path) ? [[entry.path, entry]] : [])));
  const owners = new Map<string, string>();
  return entries.flatMap((entry) => {
    if (taken.has(entry.path)) return [];
    const file = entry.type === 'hardlink' ? taken.get(entry.link ?? '') : undefined;
    if (file === undefined) return [entry];
    const owner = owners.get(file.path);
    if (owner !== undefined) return [{ ...entry, link: owner }];
    owners.set(file.path, entry.path);
    return [{ ...file, path: entry.path, component: entry.component }];
  });
}

function isBeside(entry: InodeEntry): entry is FileEntry {
  return BESIDE.includes(entry.path) && entry.content !== undefined;
}
