import type { Layer } from '../model/index.js';
import { architectureOf } from '../model/index.js';
import { packagesReference } from '../model/references.js';
import type { AssembleInput } from './assemble-input.js';
import type { ComponentList } from './component-list.js';
import { debianRoot } from './debian-root.js';
import { TreeError } from './error.js';
import { MachineAccounts } from './machine-accounts.js';
import { type Folder, find, plainFolder } from './root.js';

/**
 * Lays the machine's own packages beneath what is in its root already: the init's files win over theirs, so that no
 * package can take the init apart. Their users and groups are added to those of the init.
 * @throws {TreeError} `missing-input`; `mixed-versions` where the init takes files of another version of a package.
 */
export async function layPackages(host: Folder, input: AssembleInput, components: ComponentList): Promise<void> {
  const { lock, guest, read } = input;
  const reference = packagesReference(lock.spec);
  if (reference === undefined) return;
  const layers = input.roots.get(reference);
  if (layers === undefined) {
    throw new TreeError('missing-input', `Cannot lay the packages ${reference}: their layers were not handed in`, {
      property: 'packages',
    });
  }
  checkVersions(layers, guest?.layers ?? []);
  const component = components.add('packages', 'package');
  const mtimeSeconds = lock.sourceDateEpoch;
  const architecture = architectureOf(lock.platform);
  const pin = lock.pins[reference];
  const pinned = new Map(pin?.kind === 'debian' ? pin.packages.map((one) => [one.name, one.architecture]) : []);
  const built = await debianRoot(layers, {
    component,
    componentOf: (name) => components.add(`packages/${name}`, 'package'),
    architecture,
    packageArchitecture: (name) => pinned.get(name) ?? architecture,
    suite: lock.suite,
    mtimeSeconds,
    read,
  });
  const accounts = await MachineAccounts.read(host, { read, sourceDateEpoch: mtimeSeconds });
  accounts.addPackaged(built.users, built.groups);
  slideUnder(host, built.root);
  accounts.write(host, plainFolder(component, mtimeSeconds));
}

/** Two versions of one library in one root are one too many: one of them would be hidden from who needs it. */
function checkVersions(packages: readonly Layer[], guest: readonly Layer[]): void {
  const versions = new Map(packages.map((layer) => [layer.package?.name, layer.package?.version]));
  for (const { package: named } of guest) {
    const version = named && versions.get(named.name);
    if (version === undefined || version === named?.version) continue;
    throw new TreeError(
      'mixed-versions',
      `Cannot lay the packages of the spec beside Ingot's own init: they have ${named?.name} ${version}, and it has ` +
        `${named?.version}; lock the image again`,
      { property: 'packages', got: version, want: named?.version ?? '' },
    );
  }
}

/** Adds what is in `under` and not in `root`. Folders merge, through links of `root` too; of all else, `root`'s stays. */
function slideUnder(root: Folder, under: Folder): void {
  const pending: { into: Folder; from: Folder; path: string }[] = [{ into: root, from: under, path: '' }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { into, from } = next;
    for (const [name, node] of from.children) {
      const path = `${next.path}${name}`;
      if (!into.children.has(name)) {
        into.children.set(name, node);
        continue;
      }
      const there = node.type === 'directory' ? find(root, path) : undefined;
      if (there?.type === 'directory' && node.type === 'directory') {
        pending.push({ into: there, from: node, path: `${path}/` });
      }
    }
  }
}
