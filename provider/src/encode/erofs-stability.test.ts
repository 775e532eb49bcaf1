import { describe, expect, it } from 'vitest';
import { hexOf, sha256 } from '../model/digest.js';
import type { Content, Tree, TreeEntry } from '../model/tree.js';
import type { EncodeContext } from './context.js';
import { EROFS_CELL_BYTES } from './erofs-cell.js';
import { encodeErofsRoot } from './erofs-root.js';
import { hashOfText, mixHash } from './stable-place.js';
import { MemoryStore, treeOf } from './tree.fixture.js';

/** What a cloud snapshot counts. */
const BLOCK_BYTES = 512 * 1024;
const ROUNDS = 6;

const store = new MemoryStore();

/** A store that makes up the contents that are read from it: each is its digest, over and over. */
const context: EncodeContext = {
  ...store.context(),
  readInto: async (range, target) => {
    const { blob, offset } = range;
    if (store.blobs.has(blob)) return store.context().readInto(range, target);
    const pattern = hexOf(blob);
    const from = offset % pattern.length;
    Buffer.from(target.buffer, target.byteOffset, target.byteLength).fill(pattern.slice(from) + pattern.slice(0, from));
  },
};

describe('encodeErofsRoot(), for snapshots by blocks of 512 KiB', () => {
  const tree = syntheticTree();
  const files = tree.entries.filter((entry): entry is TreeEntry & { content: Content } => entry.content !== undefined);
  const picked = Array.from(
    { length: ROUNDS },
    (_, round) => files[mixHash(7, round) % files.length] as (typeof files)[number],
  );
  const before = blocksOf(tree);

  /** Of blocks that differ, over files here and there in the tree. */
  async function counts(change: (file: (typeof files)[number]) => Tree): Promise<number[]> {
    const found: number[] = [];
    for (const file of picked) found.push(differing(await before, await blocksOf(change(file))));
    return found.sort((a, b) => a - b);
  }

  it('changes one block, when a file gets another content of the same size, up to its chunks', async () => {
    const found = await counts((file) => replaced(tree, file, file.content.sizeBytes));
    const chunks = Math.max(...picked.map(({ content }) => Math.ceil(content.sizeBytes / BLOCK_BYTES)));
    expect(found[ROUNDS / 2]).toBe(1);
    expect(found.at(-1)).toBeLessThanOrEqual(chunks + 1);
  });

  it('changes few blocks, when a file grows a little', async () => {
    const small = picked.filter(({ content }) => content.sizeBytes < BLOCK_BYTES);
    for (const file of small) {
      const found = differing(await before, await blocksOf(replaced(tree, file, file.content.sizeBytes + 30)));
      expect(found).toBeLessThanOrEqual(4);
    }
  });

  it('changes few blocks, when a small file comes or goes, or a folder comes', async () => {
    const added = await counts(({ path, component }) => withEntries(tree, [fileOf(`${path}.new`, 3000, component)]));
    const removed = await counts((file) => ({ ...tree, entries: tree.entries.filter((entry) => entry !== file) }));
    const folders = await counts(({ path, component }) =>
      withEntries(tree, [
        { ...fileOf(`${path}.d`, 0, component), type: 'directory', content: undefined } as unknown as TreeEntry,
      ]),
    );
    for (const found of [added, folders]) {
      expect(found[ROUNDS / 2]).toBeLessThanOrEqual(4);
      expect(found.at(-1)).toBeLessThanOrEqual(12);
    }
    expect(removed[ROUNDS / 2]).toBeLessThanOrEqual(4);
  });

  it('changes at most twice the blocks of a package and 8 more, when that is upgraded', async () => {
    for (const { component } of picked.slice(0, 6)) {
      let ownBytes = 0;
      const entries = tree.entries.map((entry) => {
        if (entry.component !== component || entry.content === undefined) return entry;
        const { sizeBytes } = entry.content;
        ownBytes += Math.ceil(sizeBytes / 4096) * 4096;
        const grown = Math.ceil(sizeBytes * (0.98 + (mixHash(hashOfText(entry.path), 9) % 50) / 1000));
        return { ...entry, content: contentOf(`${entry.path} 2`, grown) };
      });
      const found = differing(await before, await blocksOf({ ...tree, entries }));
      expect(found).toBeLessThanOrEqual(2 * Math.ceil(ownBytes / BLOCK_BYTES) + 8);
    }
  });

  it('leaves most of the rest unused, not written', async () => {
    const { extents, sizeBytes } = await encodeErofsRoot(tree, { name: 'test', trusting: true }, context);
    const data = extents.filter(({ kind }) => kind === 'data').reduce((sum, extent) => sum + extent.sizeBytes, 0);
    const contents = files.reduce((sum, { content }) => sum + content.sizeBytes, 0);
    expect(data).toBeLessThan(contents * 1.15);
    expect(sizeBytes).toBeLessThan(contents * 1.7);
  });
});

/** 60 packages, with sizes that spread as those of a distribution do: 4,000 files, about 100 MB. */
function syntheticTree(): Tree {
  const entries: TreeEntry[] = [];
  for (let part = 0; part < 60; part += 1) {
    const many = 5 + Math.floor(250 * (part / 60) ** 3);
    for (let index = 0; index < many; index += 1) {
      const random = mixHash(hashOfText(`${part} ${index}`), 1) / 2 ** 32;
      const sizeBytes = Math.floor(150 * 2 ** (12 * random ** 2));
      const folder = ['usr/bin', `usr/share/doc/p${part}`, `usr/lib/p${part}/d${index % 7}`][index % 3];
      entries.push(fileOf(`${folder}/p${part}-${index}`, sizeBytes, `package ${part}`));
    }
  }
  return treeOf(entries);
}

function fileOf(path: string, sizeBytes: number, component: string): TreeEntry {
  const rest = { mode: 0o644, uid: 0, gid: 0, mtimeSeconds: 1492533000, component };
  return { path, type: 'file', ...rest, content: contentOf(path, sizeBytes) };
}

function contentOf(text: string, sizeBytes: number): Content {
  const digest = sha256(`${text} ${sizeBytes}`);
  return { blob: digest, offset: 0, sizeBytes, sha256: digest };
}

function replaced(tree: Tree, file: TreeEntry, sizeBytes: number): Tree {
  const content = contentOf(`${file.path} 2`, sizeBytes);
  return { ...tree, entries: tree.entries.map((entry) => (entry === file ? { ...entry, content } : entry)) };
}

function withEntries({ entries, components }: Tree, added: readonly TreeEntry[]): Tree {
  const all = [...entries, ...added];
  return { components, entries: all.sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path))) };
}

/** Digest of each block that has data, by index. */
async function blocksOf(tree: Tree): Promise<Map<number, string>> {
  const image = await encodeErofsRoot(tree, { name: 'test', trusting: true }, context);
  const blocks = new Map<number, string>();
  for await (const { offset, bytes } of image.pieces()) {
    const index = Math.floor(offset / EROFS_CELL_BYTES);
    blocks.set(index, sha256(`${blocks.get(index) ?? ''} ${offset} ${sha256(bytes)}`));
  }
  return blocks;
}

function differing(before: ReadonlyMap<number, string>, after: ReadonlyMap<number, string>): number {
  const indices = new Set([...before.keys(), ...after.keys()]);
  return [...indices].filter((index) => before.get(index) !== after.get(index)).length;
}
