import { createHash } from 'node:crypto';
import { canonicalJson, type Digest } from '../model/digest.js';
import type { Tree } from '../model/tree.js';

/**
 * All of a tree but what its files hold, as a digest: attributes, lengths, and which contents are the same. Trees of one
 * shape are laid out alike, with the contents of the one in the place of those of the other, entry by entry.
 */
export function treeShape({ entries, components }: Tree): string {
  const first = new Map<Digest, number>();
  let text = `${components.length} ${entries.length}`;
  for (const { id } of components) text += textOf(id);
  let index = 0;
  for (const { path, component, type, mode, uid, gid, mtimeSeconds, link, device, xattrs, content } of entries) {
    text += `\n${type} ${mode} ${uid} ${gid} ${mtimeSeconds}${textOf(path)}${textOf(component)}`;
    if (link !== undefined) text += `l${textOf(link)}`;
    if (device !== undefined) text += `d ${device.major} ${device.minor}`;
    if (xattrs !== undefined) text += `x${textOf(canonicalJson(xattrs))}`;
    if (content !== undefined) {
      const same = first.get(content.sha256);
      if (same === undefined) first.set(content.sha256, index);
      text += `c ${content.sizeBytes} ${same ?? index}`;
    }
    index += 1;
  }
  // What is not UTF-8 in a path has surrogates that are not in pairs.
  return createHash('sha256').update(text, 'utf16le').digest('hex');
}

/** With its length, so that no text can look like what follows it. */
function textOf(text: string): string {
  return ` ${text.length} ${text}`;
}
