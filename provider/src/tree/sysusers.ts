import type { Accounts } from './accounts.js';

/** One line of a sysusers.d file, its fields unquoted. */
export interface SysusersLine {
  readonly type: string;
  readonly name: string;
  readonly id: string | undefined;
  readonly gecos: string | undefined;
  readonly home: string | undefined;
  readonly shell: string | undefined;
}

/** The lines of a sysusers.d file (sysusers.d(5)) that say something, in their order. */
export function parseSysusers(text: string): SysusersLine[] {
  return fieldsOfLines(text).flatMap(([type, name, id, gecos, home, shell]) => {
    if (type === undefined || name === undefined || name.includes('%')) return [];
    return [{ type: type.charAt(0), name, id: given(id), gecos: given(gecos), home: given(home), shell: given(shell) }];
  });
}

/**
 * Adds what the lines ask for: groups first, then users, each in the order of their names, then memberships. Lines
 * of other types, and ids that are taken from a file's owner, count as if no id was given.
 */
export function applySysusers(lines: readonly SysusersLine[], accounts: Accounts): void {
  const sorted = [...lines].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  for (const { type, name, id } of sorted) if (type === 'g') accounts.addGroup(name, numberOf(id));
  for (const { type, name, id, gecos, home, shell } of sorted) {
    if (type !== 'u') continue;
    const [uid, group] = (id ?? '').split(':');
    accounts.addUser(name, {
      ...optional('uid', numberOf(uid)),
      ...optional('gid', group === undefined ? undefined : (numberOf(group) ?? accounts.addGroup(group))),
      ...optional('gecos', gecos),
      ...optional('home', home),
      ...optional('shell', shell),
    });
  }
  for (const { type, name, id } of lines) if (type === 'm' && id !== undefined) accounts.addMember(name, id);
}

/** Fields of each line, quotes taken off; comments and empty lines left out. The format of systemd's `.d` files. */
export function fieldsOfLines(text: string): string[][] {
  const lines = text.split('\n').map((line) => line.trim());
  return lines
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => [...line.matchAll(/"((?:[^"\\]|\\.)*)"|'([^']*)'|(\S+)/g)].map(([, a, b, c]) => a ?? b ?? c ?? ''));
}

function given(field: string | undefined): string | undefined {
  return field === undefined || field === '-' || field === '' ? undefined : field;
}

function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^[0-9]{1,9}$/.test(text) ? Number(text) : undefined;
}

function optional<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]?: V });
}
