import { sortByPath } from './byte-order.js';
import { generated, textOf } from './generated.js';
import {
  type Folder,
  find,
  findLink,
  type Leaf,
  namesIn,
  newFile,
  newSymlink,
  type Ownership,
  put,
  type Read,
} from './root.js';

/** Where update-ca-certificates(8) looks. */
const SOURCES = ['usr/share/ca-certificates', 'usr/local/share/ca-certificates'];
const BUNDLE = 'etc/ssl/certs/ca-certificates.crt';
/** The file that OpenSSL reads by default (OPENSSLDIR of Debian's). */
const OPENSSL_DEFAULT = 'usr/lib/ssl/cert.pem';

/**
 * What update-ca-certificates(8) makes of the certificates in `root`: one bundle of all, and a link to each by name.
 * Instead of the links by hash, OpenSSL's default file is a link to the bundle: it looks there before the hashes.
 */
export async function addCertificateBundle(root: Folder, ownership: Ownership, read: Read): Promise<void> {
  const certificates = sortByPath(SOURCES.flatMap((source) => certificatesIn(root, source)));
  if (certificates.length === 0 || findLink(root, BUNDLE) !== undefined) return;
  let bundle = '';
  for (const { path, leaf } of certificates) {
    const text = await textOf(leaf, read);
    bundle += text.endsWith('\n') ? text : `${text}\n`;
    const name = path.slice(path.lastIndexOf('/') + 1).replace(/\.crt$/, '.pem');
    const link = `etc/ssl/certs/${name.replaceAll(' ', '_').replaceAll(/[()]/g, '=')}`;
    if (findLink(root, link) === undefined) put(root, link, newSymlink(`/${path}`, ownership), ownership);
  }
  put(root, BUNDLE, newFile(generated(bundle), { ...ownership, mode: 0o644 }), ownership);
  if (findLink(root, OPENSSL_DEFAULT) === undefined) {
    put(root, OPENSSL_DEFAULT, newSymlink(`/${BUNDLE}`, ownership), ownership);
  }
}

function certificatesIn(root: Folder, source: string): { path: string; leaf: Leaf }[] {
  const folder = find(root, source);
  if (folder?.type !== 'directory') return [];
  const found: { path: string; leaf: Leaf }[] = [];
  for (const [path, node] of namesIn(folder, source)) {
    if (node.type === 'file' && path.endsWith('.crt')) found.push({ path, leaf: node });
  }
  return found;
}
