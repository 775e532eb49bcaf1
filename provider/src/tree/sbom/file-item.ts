import { createHash } from 'node:crypto';
import type { Content, TreeEntry } from '../../model/index.js';
import { hexOf } from '../../model/index.js';
import type { Read } from '../root.js';
import { type Item, itemId } from './item.js';

const PART_BYTES = 1 << 20;

/** The files that the user gave, in the order of the tree. */
export async function fileItems(entries: readonly TreeEntry[], read: Read): Promise<Item[]> {
  const items: Item[] = [];
  for (const { component, type, path, content } of entries) {
    if (component !== 'files' || type !== 'file' || content === undefined) continue;
    // A byte that is no UTF-8 has no spelling in these documents.
    const name = path.toWellFormed();
    items.push({
      ...{ kind: 'file', id: itemId('file', path.slice(path.lastIndexOf('/') + 1), path), name },
      ...{ sha256: hexOf(content.sha256), sha1: await sha1Of(content, read), within: [], places: ['files'] },
    });
  }
  return items;
}

/** SPDX 2.3, section 8.4: every file has its SHA-1, and may have others. */
async function sha1Of(content: Content, read: Read): Promise<string> {
  const hash = createHash('sha1');
  if ('bytes' in content) return hash.update(content.bytes).digest('hex');
  const { blob, offset, sizeBytes } = content;
  for (let done = 0; done < sizeBytes; done += PART_BYTES) {
    hash.update(await read({ blob, offset: offset + done, sizeBytes: Math.min(PART_BYTES, sizeBytes - done) }));
  }
  return hash.digest('hex');
}
