import type { Disk } from '../model/index.js';
import type { AssembleInput } from './assemble-input.js';
import { addAuthorities } from './certificates.js';
import type { ComponentList } from './component-list.js';
import { generated } from './generated.js';
import type { Ids } from './ids.js';
import { MachineAccounts, makeHome } from './machine-accounts.js';
import { networkSettings } from './network-settings.js';
import { type Folder, makeFolder, newFile, type Ownership, plainFolder, put } from './root.js';

/** One server in a line, each as it stands in the spec; for the guest, whatever client it has. */
const TIME_SERVERS = 'etc/ingot/ntp';
/** What is said of network cards and name servers; see `networkSettings`. */
const NETWORK = 'etc/ingot/network';
/** Options of `ready`, a line each: the name, a space, the number. */
const READY = 'etc/ingot/ready';

/**
 * One disk in a line: label, serial number, path, mount point, file system, `optional` or `required`; a dash for what the
 * spec does not say. One that has the logs says at the end how many bytes of each.
 */
const DISKS = 'etc/ingot/disks';
/** What lies below is made when the machine boots. */
const VOLATILE = /^(tmp|var)\//;

/**
 * Lays what the spec says of the machine itself into its root: users, authorities, network, time servers, `ready`. All of it is one
 * small component, so that nothing else changes with it.
 * @returns Users and groups of the spec, by which files can be owned.
 * @throws {TreeError} `bad-user`.
 */
export async function layMachineSettings(
  host: Folder,
  { lock, read }: Pick<AssembleInput, 'lock' | 'read'>,
  { authorities, components }: { readonly authorities: readonly string[]; readonly components: ComponentList },
): Promise<{ readonly uids: Ids; readonly gids: Ids }> {
  const { users = [], network, ntp = [], ready } = lock.spec;
  const { sourceDateEpoch } = lock;
  const plain = plainFolder(components.add('settings', 'files'), sourceDateEpoch);
  await addAuthorities(host, authorities, { ownership: plain, read, always: true });
  if (network !== undefined) {
    put(host, NETWORK, newFile(generated(networkSettings(network)), { ...plain, mode: 0o644 }), plain);
  }
  if (ntp.length > 0) {
    const text = ntp.map((server) => `${server}\n`).join('');
    put(host, TIME_SERVERS, newFile(generated(text), { ...plain, mode: 0o644 }), plain);
  }
  if (ready !== undefined) {
    const text = (['port', 'failAfterSeconds'] as const)
      .map((key) => (ready[key] === undefined ? '' : `${key} ${ready[key]}\n`))
      .join('');
    put(host, READY, newFile(generated(text), { ...plain, mode: 0o644 }), plain);
  }
  layDisks(host, lock.spec.disks ?? [], plain);
  if (users.length === 0) return { uids: new Map(), gids: new Map() };
  const accounts = await MachineAccounts.read(host, { read, sourceDateEpoch });
  for (const [index, user] of users.entries()) accounts.set(user, `users[${index}]`);
  accounts.write(host, plain);
  for (const user of users) makeHome(host, user, plain);
  const named = new Set(users.flatMap(({ name, groups = [] }) => [name, ...groups]));
  const only = (ids: Ids): Ids => new Map([...ids].filter(([name]) => named.has(name)));
  return { uids: only(accounts.uids()), gids: only(accounts.gids()) };
}

function layDisks(host: Folder, disks: readonly Disk[], plain: Ownership): void {
  if (disks.length === 0) return;
  const lines = disks.map(({ label = '-', serial = '-', path = '-', mount, filesystem = 'ext4', ...more }) => {
    const need = more.optional === true ? 'optional' : 'required';
    const fields = [
      label,
      serial,
      path,
      mount,
      filesystem,
      need,
      ...(more.logBytes === undefined ? [] : [more.logBytes]),
    ];
    return `${fields.join(' ')}\n`;
  });
  put(host, DISKS, newFile(generated(lines.join('')), { ...plain, mode: 0o644 }), plain);
  for (const { mount } of disks) {
    const path = mount.slice(1);
    if (!VOLATILE.test(path)) makeFolder(host, path, plain);
  }
}
