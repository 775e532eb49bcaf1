import { createHash } from 'node:crypto';
import { canonicalJson, type Digest } from '../model/digest.js';
import type { EntryType } from '../model/layer.js';
import type { Tree } from '../model/tree.js';

const TYPE_NUMBER: Readonly<Record<EntryType, number>> = {
  file: 0,
  directory: 1,
  symlink: 2,
  hardlink: 3,
  char: 4,
  block: 5,
  fifo: 6,
};
/** Of each entry. */
const NUMBERS = 13;
const NONE = -1;
/** Texts that are digested together: many as one are put together slowly, and each by itself is digested slowly. */
const TOGETHER = 64;

/**
 * All of a tree but what its files hold, as a digest: attributes, lengths, and which contents are the same. Trees of one
 * shape are laid out alike, with the contents of the one in the place of those of the other, entry by entry.
 */
export function treeShape({ entries, components }: Tree): string {
  const placeOf = new Map(components.map(({ id }, index) => [id, index]));
  const first = new Map<Digest, number>();
  const hash = createHash('sha256').update(JSON.stringify([entries.length, components.map(({ id }) => id)]));
  // Numbers are digested as they are, and say how long each text is: so none can look like what follows it.
  const numbers = new Float64Array(entries.length * NUMBERS);
  let text = '';
  entries.forEach(({ path, component, type, mode, uid, gid, mtimeSeconds, link, device, xattrs, content }, index) => {
    const at = index * NUMBERS;
    const named = xattrs === undefined ? undefined : canonicalJson(xattrs);
    numbers[at] = TYPE_NUMBER[type];
    numbers[at + 1] = mode;
    numbers[at + 2] = uid;
    numbers[at + 3] = gid;
    numbers[at + 4] = mtimeSeconds;
    numbers[at + 5] = placeOf.get(component) ?? NONE;
    numbers[at + 6] = device?.major ?? NONE;
    numbers[at + 7] = device?.minor ?? NONE;
    numbers[at + 8] = path.length;
    numbers[at + 9] = link?.length ?? NONE;
    numbers[at + 10] = named?.length ?? NONE;
    numbers[at + 11] = content?.sizeBytes ?? NONE;
    numbers[at + 12] = NONE;
    if (content !== undefined) {
      const same = first.get(content.sha256) ?? index;
      if (same === index) first.set(content.sha256, index);
      numbers[at + 12] = same;
    }
    text += path;
    if (link !== undefined) text += link;
    if (named !== undefined) text += named;
    if (index % TOGETHER !== TOGETHER - 1) return;
    // What is not UTF-8 in a path has surrogates that are not in pairs.
    hash.update(text, 'utf16le');
    text = '';
  });
  return hash.update(text, 'utf16le').update(numbers).digest('hex');
}
