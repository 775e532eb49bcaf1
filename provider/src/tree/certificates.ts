import { FormatError } from '../format/error.js';
import { readCertificates } from '../format/pem.js';
import type { Content, Lock } from '../model/index.js';
import { TreeError } from './error.js';
import { bytesOf, generated, textOf } from './generated.js';
import { type Folder, find, findLink, type Leaf, newFile, newSymlink, type Ownership, put, type Read } from './root.js';

/** Where Debian, Ubuntu, Alpine and Arch have all authorities in one file. */
const USUAL = 'etc/ssl/certs/ca-certificates.crt';
/** And where others have them. Many of these are links to each other. */
const BUNDLES = [
  USUAL,
  'etc/ssl/cert.pem',
  'etc/ssl/ca-bundle.pem',
  'etc/pki/tls/certs/ca-bundle.crt',
  'etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  'etc/ca-certificates/extracted/tls-ca-bundle.pem',
  'var/lib/ca-certificates/ca-bundle.pem',
];
/** OpenSSL of Debian looks for authorities in this file, and then by the hash of their names, which nobody has made. */
const OPENSSL_FOLDER = 'usr/lib/ssl';

/**
 * The authorities of a lock, each as PEM in strict form and once: those that stand in the spec, then those of files.
 * @throws {TreeError} `bad-certificate`, with the place in the spec.
 */
export async function authoritiesOf(
  lock: Lock,
  { certificates, read }: { readonly certificates: ReadonlyMap<string, Content> | undefined; readonly read: Read },
): Promise<string[]> {
  const authorities = new Set<string>();
  for (const text of lock.spec.ca ?? []) {
    if (typeof text === 'string') for (const one of readCertificates(text)) authorities.add(one);
  }
  const keys = Object.keys(lock.files).filter((key) => key.startsWith('ca['));
  for (const key of keys.sort((a, b) => indexOf(a) - indexOf(b))) {
    const content = certificates?.get(key);
    const property = `${key}.source`;
    if (content === undefined) {
      throw new TreeError('missing-input', `Cannot read ${property}: its content was not handed in`, { property });
    }
    const text = Buffer.from(await bytesOf(content, read)).toString('latin1');
    for (const one of certificatesIn(text, property)) authorities.add(one);
  }
  return [...authorities];
}

function certificatesIn(text: string, property: string): string[] {
  try {
    return readCertificates(text);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new TreeError('bad-certificate', `Cannot trust what ${property} names: ${error.message}`, { property });
  }
}

/** The number in `ca[3]`. */
function indexOf(key: string): number {
  return Number(/\d+/.exec(key)?.[0]);
}

/**
 * Adds authorities at the end of every CA bundle in a root.
 * @param always Make a bundle where there is none.
 */
export async function addAuthorities(
  root: Folder,
  authorities: readonly string[],
  {
    ownership,
    read,
    always = false,
  }: { readonly ownership: Ownership; readonly read: Read; readonly always?: boolean },
): Promise<void> {
  if (authorities.length === 0) return;
  const bundles = new Set<Leaf>();
  for (const path of BUNDLES) {
    const node = find(root, path);
    if (node?.type === 'file') bundles.add(node);
  }
  for (const bundle of bundles) {
    const text = await textOf(bundle, read);
    const start = text === '' || text.endsWith('\n') ? text : `${text}\n`;
    const missing = authorities.filter((authority) => !text.includes(authority));
    // The same inode, so that all its names have them.
    const { component, mtimeSeconds } = ownership;
    Object.assign(bundle, { content: generated(start + missing.join('')), component, mtimeSeconds });
  }
  if (bundles.size === 0) {
    if (!always) return;
    put(root, USUAL, newFile(generated(authorities.join('')), { ...ownership, mode: 0o644 }), ownership);
  }
  const openssl = `${OPENSSL_FOLDER}/cert.pem`;
  if (find(root, OPENSSL_FOLDER)?.type !== 'directory' || findLink(root, openssl) !== undefined) return;
  if (find(root, USUAL)?.type === 'file') put(root, openssl, newSymlink(`/${USUAL}`, ownership), ownership);
}
