import type { Architecture, Layer } from '../model/index.js';
import type { Group, User } from './accounts.js';
import { applyFixUps, type FixUpContext } from './apply-fix-ups.js';
import { addBaseFolders, mergeUsr } from './base-folders.js';
import { addCertificateBundle } from './certificate-bundle.js';
import { configFiles, debianAccounts, writeAccounts } from './debian-accounts.js';
import { addOsRelease, addPackageRecord } from './debian-status.js';
import { layDown } from './flatten.js';
import { textOf } from './generated.js';
import type { Ids } from './ids.js';
import { KNOWN_PACKAGES } from './known-packages.js';
import { type Folder, newFolder, plainFolder, type Read } from './root.js';
import { parseTmpfiles } from './tmpfiles.js';
import { trimDocs } from './trim-docs.js';

export interface DebianRootOptions {
  /** Component of what belongs to no package. */
  readonly component: string;
  /** Component of a package's files. */
  readonly componentOf: (packageName: string) => string;
  readonly architecture: Architecture;
  /** Architecture of a package as its control file has it: `amd64`, `all`. */
  readonly packageArchitecture: (packageName: string) => string;
  readonly suite: string;
  readonly mtimeSeconds: number;
  readonly read: Read;
}

export interface DebianRoot {
  readonly root: Folder;
  /** Users and groups of its passwd and group files. */
  readonly uids: Ids;
  readonly gids: Ids;
  readonly users: readonly User[];
  readonly groups: readonly Group[];
}

/**
 * A root built of packages: unpacked as dpkg does it, without documentation, and with what maintainer scripts would
 * have done (a fixed set of things; no script is run). What comes out depends on the layers and options alone.
 */
export async function debianRoot(layers: readonly Layer[], options: DebianRootOptions): Promise<DebianRoot> {
  const { component, mtimeSeconds, read } = options;
  const shared = plainFolder(component, mtimeSeconds);
  const root = newFolder(shared);
  const packages = layers.map((layer) => ({ layer, ...namePackage(layer, options) })).sort(basesFirst);

  mergeUsr(root, options.architecture, shared);
  for (const { layer, owner } of packages) layDown(root, layer, { kind: 'package', component: owner, shared });
  trimDocs(root);

  const fixUps = packages.map(({ name, owner }) => ({ owner, list: KNOWN_PACKAGES.get(name) ?? [] }));
  const accounts = await debianAccounts(
    root,
    fixUps.flatMap(({ list }) => list),
    read,
  );
  const context = (owner: string): FixUpContext => {
    return { root, uids: accounts.uids(), gids: accounts.gids(), component: owner, mtimeSeconds, shared };
  };
  for (const { leaf } of configFiles(root, 'tmpfiles.d')) {
    applyFixUps(parseTmpfiles(await textOf(leaf, read)), context(leaf.component));
  }
  for (const { owner, list } of fixUps) applyFixUps(list, context(owner));
  addBaseFolders(root, shared);
  writeAccounts(root, accounts, shared);
  await addCertificateBundle(root, shared, read);
  addOsRelease(root, options.suite, shared);
  for (const { name, version, owner } of packages) {
    if (name === '') continue;
    const record = plainFolder(owner, mtimeSeconds);
    addPackageRecord(root, { name, version, architecture: options.packageArchitecture(name) }, { record, shared });
  }
  const [users, groups] = [accounts.users(), accounts.groups()];
  return { root, uids: accounts.uids(), gids: accounts.gids(), users, groups };
}

function namePackage(layer: Layer, options: DebianRootOptions): { name: string; version: string; owner: string } {
  const { name, version } = layer.package ?? { name: '', version: '' };
  return { name, version, owner: name === '' ? options.component : options.componentOf(name) };
}

/** base-files first, as a real installation has it: it decides what the top folders are. Then by name. */
function basesFirst(a: { readonly name: string }, b: { readonly name: string }): number {
  const rank = ({ name }: { readonly name: string }) => (name === 'base-files' ? 0 : 1);
  return rank(a) - rank(b) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
}
