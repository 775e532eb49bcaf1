import type { TreeEntry } from '../model/index.js';
import { Accounts } from './accounts.js';
import { bytesOf, MAX_READ_BYTES } from './generated.js';
import type { Read } from './root.js';

const PASSWD = /^(?:containers\/([^/]+)\/([^/]+)\/(?:rootfs|lower)\/)?etc\/passwd$/;

/** Names and uids of all users among the entries: those of the machine by name, those of containers as `web/name`. */
export async function usersIn(entries: readonly TreeEntry[], read: Read): Promise<[name: string, uid: string][]> {
  const users: [string, string][] = [];
  for (const { path, content } of entries) {
    const match = PASSWD.exec(path);
    if (match === null || content === undefined || content.sizeBytes > MAX_READ_BYTES) continue;
    const [, kind, name] = match;
    const owner = kind === undefined ? '' : kind === 'services' ? `${name}/` : `${kind}/${name}/`;
    const accounts = new Accounts();
    accounts.readPasswd(new TextDecoder().decode(await bytesOf(content, read)));
    for (const [user, uid] of accounts.uids()) users.push([`${owner}${user}`, String(uid)]);
  }
  return users;
}
