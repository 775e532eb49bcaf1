import type { User } from '../model/index.js';
import { type User as Account, Accounts, type Group } from './accounts.js';
import { TreeError } from './error.js';
import { generated, textOf } from './generated.js';
import type { Ids } from './ids.js';
import { type Folder, find, makeFolder, newFile, newFolder, type Ownership, put, type Read } from './root.js';

const FILES = { passwd: 0o644, group: 0o644, shadow: 0o600 } as const;
type Name = keyof typeof FILES;

const DEFAULT_SHELL = '/bin/false';
const DEFAULT_HOME = '/nonexistent';
const SECONDS_PER_DAY = 86_400;

/**
 * The account files of the machine's own root, changed line by line: what an init has in them (passwords, notes) stays,
 * but for the users and groups that are set here.
 */
export class MachineAccounts {
  readonly #lines: Record<Name, string[]>;
  readonly #sourceDateEpoch: number;

  private constructor(lines: Record<Name, string[]>, sourceDateEpoch: number) {
    this.#lines = lines;
    this.#sourceDateEpoch = sourceDateEpoch;
  }

  static async read(root: Folder, { read, sourceDateEpoch }: { read: Read; sourceDateEpoch: number }) {
    const lines = async (name: Name): Promise<string[]> => {
      const node = find(root, `etc/${name}`);
      const text = node?.type === 'file' ? await textOf(node, read) : '';
      return text.split('\n').filter((line) => line !== '');
    };
    const [passwd, group, shadow] = [await lines('passwd'), await lines('group'), await lines('shadow')];
    return new MachineAccounts({ passwd, group, shadow }, sourceDateEpoch);
  }

  /** Adds the users and groups of the machine's packages, except those whose names are there. */
  addPackaged(users: readonly Account[], groups: readonly Group[]): void {
    const known = this.#accounts();
    for (const { name, gid, members } of groups) {
      if (!known.gids().has(name)) this.#lines.group.push(`${name}:x:${gid}:${members.join(',')}`);
      else for (const member of members) this.#addMember(name, member);
    }
    for (const user of users) if (!known.uids().has(user.name)) this.#setUser(user);
  }

  /**
   * Sets a user of the spec: in place of one with the same name, with its group and its memberships.
   * @throws {TreeError} `bad-user` where another user has its number.
   */
  set({ name, uid, gid = uid, home = DEFAULT_HOME, shell = DEFAULT_SHELL, groups = [] }: User, property: string): void {
    const known = this.#accounts();
    const [other] = [...known.uids()].find(([one, number]) => number === uid && one !== name) ?? [];
    if (other !== undefined) {
      throw new TreeError(
        'bad-user',
        `Cannot add the user ${name}: the machine's root has a user ${other} with the number ${uid}; choose another`,
        { property: `${property}.uid`, got: String(uid) },
      );
    }
    if (![...known.gids().values()].includes(gid)) this.#setGroup(name, gid, property);
    this.#setUser({ name, uid, gid, gecos: '', home, shell });
    for (const group of groups) this.#addMember(group, name);
  }

  uids(): Ids {
    return this.#accounts().uids();
  }

  gids(): Ids {
    return this.#accounts().gids();
  }

  /** Writes the files that there are lines for; each keeps its owner and mode where it is there. */
  write(root: Folder, ownership: Ownership): void {
    for (const [name, mode] of Object.entries(FILES) as [Name, number][]) {
      const path = `etc/${name}`;
      const there = find(root, path);
      const kept = there === undefined ? { mode } : { mode: there.mode, uid: there.uid, gid: there.gid };
      const text = this.#lines[name].map((line) => `${line}\n`).join('');
      put(root, path, newFile(generated(text), { ...ownership, ...kept }), ownership);
    }
  }

  #setGroup(name: string, gid: number, property: string): void {
    if (this.#accounts().gids().has(name)) {
      const known = this.#accounts().gids().get(name);
      throw new TreeError(
        'bad-user',
        `Cannot add the user ${name}: its group of the same name has the number ${known}, not ${gid}; set gid: ${known}`,
        { property, got: String(gid) },
      );
    }
    this.#lines.group.push(`${name}:x:${gid}:`);
  }

  #setUser({ name, uid, gid, gecos, home, shell }: Account): void {
    const day = Math.floor(this.#sourceDateEpoch / SECONDS_PER_DAY);
    replaceOrAdd(this.#lines.passwd, name, `${name}:x:${uid}:${gid}:${gecos}:${home}:${shell}`);
    replaceOrAdd(this.#lines.shadow, name, `${name}:*:${day}:0:99999:7:::`);
  }

  #addMember(group: string, user: string): void {
    if (!this.#accounts().gids().has(group)) {
      const accounts = this.#accounts();
      this.#lines.group.push(`${group}:x:${accounts.addGroup(group)}:`);
    }
    const index = this.#lines.group.findIndex((line) => line.startsWith(`${group}:`));
    const [name = '', password = '', gid = '', members = ''] = (this.#lines.group[index] as string).split(':');
    const all = members === '' ? [] : members.split(',');
    if (!all.includes(user)) this.#lines.group[index] = [name, password, gid, [...all, user].join(',')].join(':');
  }

  #accounts(): Accounts {
    const accounts = new Accounts();
    accounts.readPasswd(this.#lines.passwd.join('\n'));
    accounts.readGroup(this.#lines.group.join('\n'));
    return accounts;
  }
}

/** Makes the home of a user of the spec, where it names one that is missing. */
export function makeHome(root: Folder, { uid, gid = uid, home }: User, ownership: Ownership): void {
  if (home === undefined) return;
  const path = home.split('/').filter((part) => part !== '' && part !== '.');
  if (path.length === 0 || path.includes('..') || find(root, path.join('/')) !== undefined) return;
  makeFolder(root, path.slice(0, -1).join('/'), ownership);
  put(root, path.join('/'), newFolder({ ...ownership, mode: 0o700, uid, gid }), ownership);
}

function replaceOrAdd(lines: string[], name: string, line: string): void {
  const index = lines.findIndex((one) => one.startsWith(`${name}:`));
  if (index < 0) lines.push(line);
  else lines[index] = line;
}
