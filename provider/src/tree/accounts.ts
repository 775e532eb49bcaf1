import { sha256 } from '../model/index.js';
import type { Ids } from './ids.js';

export interface User {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly gecos: string;
  readonly home: string;
  readonly shell: string;
}

export interface Group {
  readonly name: string;
  readonly gid: number;
  readonly members: string[];
}

const NOLOGIN = '/usr/sbin/nologin';
/** Ids that are derived from names: inside what Debian leaves to packages (100..999), away from where adduser begins. */
const FIRST_DERIVED_ID = 300;
const DERIVED_IDS = 600;
const SECONDS_PER_DAY = 86400;

/** The users and groups of one root, while they are gathered. */
export class Accounts {
  readonly #users = new Map<string, User>();
  readonly #groups = new Map<string, Group>();

  /** Takes over the lines of a passwd file (passwd(5)); lines that are not such are passed over. */
  readPasswd(text: string): void {
    for (const line of text.split('\n')) {
      const [name, , uid, gid, gecos, home, shell] = line.split(':');
      if (!name || !isId(uid) || !isId(gid) || home === undefined) continue;
      this.#users.set(name, { name, uid: Number(uid), gid: Number(gid), gecos: gecos ?? '', home, shell: shell ?? '' });
    }
  }

  /** Takes over the lines of a group file (group(5)). */
  readGroup(text: string): void {
    for (const line of text.split('\n')) {
      const [name, , gid, members] = line.split(':');
      if (!name || !isId(gid)) continue;
      this.#groups.set(name, { name, gid: Number(gid), members: members ? members.split(',') : [] });
    }
  }

  /** Adds a group unless there is one of that name. Without an id it gets the one that follows from its name. */
  addGroup(name: string, gid?: number): number {
    const known = this.#groups.get(name);
    if (known !== undefined) return known.gid;
    const group = { name, gid: gid ?? this.#derivedId(name), members: [] };
    this.#groups.set(name, group);
    return group.gid;
  }

  /** Adds a user unless there is one of that name; without a group, with a group of the same name and id. */
  addUser(
    name: string,
    options: { uid?: number; gid?: number; gecos?: string; home?: string; shell?: string } = {},
  ): void {
    if (this.#users.has(name)) return;
    const uid = options.uid ?? this.#groups.get(name)?.gid ?? this.#derivedId(name);
    const gid = options.gid ?? this.addGroup(name, uid);
    const { gecos = '', home = '/nonexistent', shell = NOLOGIN } = options;
    this.#users.set(name, { name, uid, gid, gecos, home, shell });
  }

  addMember(user: string, group: string): void {
    this.addGroup(group);
    const members = this.#groups.get(group)?.members;
    if (members !== undefined && !members.includes(user)) members.push(user);
  }

  /** In the order in which they were gathered. */
  users(): User[] {
    return [...this.#users.values()];
  }

  groups(): Group[] {
    return [...this.#groups.values()];
  }

  uids(): Ids {
    return new Map([...this.#users.values()].map(({ name, uid }) => [name, uid]));
  }

  gids(): Ids {
    return new Map([...this.#groups.values()].map(({ name, gid }) => [name, gid]));
  }

  passwd(): string {
    const lines = this.#sortedUsers().map(
      ({ name, uid, gid, gecos, home, shell }) => `${name}:x:${uid}:${gid}:${gecos}:${home}:${shell}\n`,
    );
    return lines.join('');
  }

  group(): string {
    const groups = [...this.#groups.values()].sort((a, b) => a.gid - b.gid || (a.name < b.name ? -1 : 1));
    return groups.map(({ name, gid, members }) => `${name}:x:${gid}:${members.join(',')}\n`).join('');
  }

  /** Nobody has a password (shadow(5)). The day of the last change is that of the image's time. */
  shadow(sourceDateEpoch: number): string {
    const day = Math.floor(sourceDateEpoch / SECONDS_PER_DAY);
    return this.#sortedUsers()
      .map(({ name }) => `${name}:*:${day}:0:99999:7:::\n`)
      .join('');
  }

  #sortedUsers(): User[] {
    return [...this.#users.values()].sort((a, b) => a.uid - b.uid || (a.name < b.name ? -1 : 1));
  }

  /**
   * An id that depends on the name, not on who else is there: a disk that was written by one image is read by the
   * next, which may have a package more. The next free one where two names meet.
   */
  #derivedId(name: string): number {
    const taken = new Set([
      ...[...this.#users.values()].map(({ uid }) => uid),
      ...[...this.#groups.values()].map(({ gid }) => gid),
    ]);
    const start = Number.parseInt(sha256(name).slice('sha256:'.length, 'sha256:'.length + 8), 16) % DERIVED_IDS;
    for (let step = 0; step < DERIVED_IDS; step++) {
      const id = FIRST_DERIVED_ID + ((start + step) % DERIVED_IDS);
      if (!taken.has(id)) return id;
    }
    throw new RangeError(`Cannot find an id for ${name}: all ${DERIVED_IDS} are taken`);
  }
}

function isId(text: string | undefined): text is string {
  return text !== undefined && /^[0-9]{1,10}$/.test(text) && Number(text) <= 0xffff_fffe;
}
