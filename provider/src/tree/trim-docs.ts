import { type Folder, find } from './root.js';

/** Folders of usr/share that a machine without a person at it has no use for; what Debian's slim images leave out. */
const LEFT_OUT = ['man', 'info', 'locale', 'lintian', 'bug', 'linda', 'groff'];

/**
 * Leaves documentation and translations out, but keeps every licence: `usr/share/doc/<package>/copyright`, and the
 * links by which packages share such a folder.
 */
export function trimDocs(root: Folder): void {
  const share = find(root, 'usr/share');
  if (share?.type !== 'directory') return;
  for (const name of LEFT_OUT) share.children.delete(name);
  const doc = share.children.get('doc');
  if (doc?.type !== 'directory') return;
  for (const [name, node] of doc.children) {
    if (node.type === 'symlink') continue;
    const copyright = node.type === 'directory' ? node.children.get('copyright') : undefined;
    if (node.type !== 'directory' || copyright === undefined) {
      doc.children.delete(name);
      continue;
    }
    node.children.clear();
    node.children.set('copyright', copyright);
  }
}
