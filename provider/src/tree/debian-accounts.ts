import { Accounts } from './accounts.js';
import type { FixUp } from './fix-up.js';
import { generated, textOf } from './generated.js';
import { type Folder, find, type Leaf, newFile, type Ownership, put, type Read } from './root.js';
import { applySysusers, parseSysusers } from './sysusers.js';

/** For roots without base-passwd, with the numbers that Debian gives them everywhere. */
const MINIMAL_PASSWD = `root:*:0:0:root:/root:/bin/sh
www-data:*:33:33:www-data:/var/www:/usr/sbin/nologin
nobody:*:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
`;
const MINIMAL_GROUP = `root:*:0:
adm:*:4:
tty:*:5:
mail:*:8:
www-data:*:33:
shadow:*:42:
utmp:*:43:
staff:*:50:
nogroup:*:65534:
`;

/** The users and groups that the packages of `root` ask for: base-passwd's masters, sysusers.d, known packages. */
export async function debianAccounts(root: Folder, fixUps: readonly FixUp[], read: Read): Promise<Accounts> {
  const accounts = new Accounts();
  accounts.readPasswd((await textAt(root, 'usr/share/base-passwd/passwd.master', read)) ?? MINIMAL_PASSWD);
  accounts.readGroup((await textAt(root, 'usr/share/base-passwd/group.master', read)) ?? MINIMAL_GROUP);
  const lines = [];
  for (const { leaf } of configFiles(root, 'sysusers.d')) lines.push(...parseSysusers(await textOf(leaf, read)));
  applySysusers(lines, accounts);
  for (const fixUp of [...fixUps].sort(byName)) {
    if (fixUp.do === 'group') accounts.addGroup(fixUp.name);
    if (fixUp.do === 'user') {
      const { name, home, gid } = fixUp;
      accounts.addUser(name, { ...(home === undefined ? {} : { home }), ...(gid === undefined ? {} : { gid }) });
    }
  }
  return accounts;
}

/** Writes etc/passwd, etc/group and etc/shadow, each unless a package ships it. */
export function writeAccounts(root: Folder, accounts: Accounts, ownership: Ownership): void {
  const shadow = { mode: 0o640, gid: accounts.gids().get('shadow') ?? 0 };
  for (const [path, text, owner] of [
    ['etc/passwd', accounts.passwd(), { mode: 0o644, gid: 0 }],
    ['etc/group', accounts.group(), { mode: 0o644, gid: 0 }],
    ['etc/shadow', accounts.shadow(ownership.mtimeSeconds), shadow],
  ] as const) {
    if (find(root, path) === undefined)
      put(root, path, newFile(generated(text), { ...ownership, ...owner }), ownership);
  }
}

/** The `.conf` files of one kind, of usr/lib and etc, in the order of their names; those of etc hide the others. */
export function configFiles(root: Folder, kind: 'sysusers.d' | 'tmpfiles.d'): { name: string; leaf: Leaf }[] {
  const files = new Map<string, Leaf>();
  for (const place of ['usr/lib', 'etc']) {
    const folder = find(root, `${place}/${kind}`);
    if (folder?.type !== 'directory') continue;
    for (const [name, node] of folder.children) {
      if (name.endsWith('.conf') && node.type === 'file') files.set(name, node);
    }
  }
  return [...files].map(([name, leaf]) => ({ name, leaf })).sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function textAt(root: Folder, path: string, read: Read): Promise<string | undefined> {
  const node = find(root, path);
  return node?.type === 'file' ? await textOf(node, read) : undefined;
}

function byName(a: FixUp, b: FixUp): number {
  const nameOf = (fixUp: FixUp) => ('name' in fixUp ? fixUp.name : '');
  return nameOf(a) < nameOf(b) ? -1 : nameOf(a) > nameOf(b) ? 1 : 0;
}
