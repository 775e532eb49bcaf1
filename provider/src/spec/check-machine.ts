import { FormatError } from '../format/error.js';
import { readCertificates } from '../format/pem.js';
import type { Certificates, User } from '../model/spec.js';
import { type Complain, each } from './check-container.js';
import { isPackage } from './check-reference.js';
import type { PartialSpec } from './partial-spec.js';
import { type Path, quote } from './property.js';
import { Said } from './said.js';

/** The names in `packages`. */
export function checkPackages(packages: readonly string[] | undefined, path: Path, complain: Complain): void {
  each(packages, path, (name, at) => {
    if (isPackage(name)) return;
    const hint = name.startsWith('deb:') ? '; leave out "deb:"' : '';
    complain(
      at,
      `must be NAME or NAME=VERSION of a Debian package, or the path of a .deb file, got ${quote(name)}${hint}`,
    );
  });
}

/** The PEM texts in `ca`. Files are looked into when they are read. */
export function checkCertificates(ca: readonly Certificates[] | undefined, path: Path, complain: Complain): void {
  each(ca, path, (entry, at) => {
    if (typeof entry !== 'string') return;
    try {
      readCertificates(entry);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      const hint = entry.includes('-----') ? '' : '; for a file, write { source: FILE }';
      complain(at, `must be certificates in PEM form: ${error.message}${hint}`);
    }
  });
}

/** That no two users, of all sources together, share a name or a number. */
export function checkUsers(users: readonly User[] | undefined, complain: Complain): void {
  const names = new Said(complain);
  const numbers = new Said(complain);
  each(users, ['users'], ({ name, uid }, at) => {
    const isNew = names.say(name, [...at, 'name'], { remedy: 'users must differ in their names', whole: at });
    // Of the same user twice, one complaint is enough.
    if (isNew) numbers.say(uid, [...at, 'uid'], { remedy: 'users must differ in their numbers', whole: at });
  });
}

/** What the guest keeps for itself, or what the image has there that must stay in sight. */
const TAKEN =
  /^\/(bin|boot|containers|dev|etc|init|lib|lib64|proc|run|sbin|sys|tmp|usr|var)$|^\/(dev|etc|proc|run|sys|usr)\//;

/** That each disk, of all sources together, can be found by one thing, and has a place of its own. */
export function checkDisks({ disks, init }: PartialSpec, complain: Complain): void {
  const mounts = new Said(complain);
  let withLogs: Path | undefined;
  each(disks, ['disks'], ({ label, serial, path, mount, logBytes }, at) => {
    if (serial !== undefined && path !== undefined) {
      complain([...at, 'path'], 'cannot be beside "serial"; say one of them', {
        code: 'conflict',
        earlier: [...at, 'serial'],
      });
    } else if (label === undefined && serial === undefined && path === undefined) {
      complain(at, 'has nothing to find the disk by; wanted "label", "serial" or "path"', { code: 'missing' });
    }
    if (TAKEN.test(mount) || mount.split('/').some((part) => part === '.' || part === '..')) {
      complain([...at, 'mount'], `cannot be ${quote(mount)}; take a folder such as "/var/lib/data" or "/srv"`);
    }
    mounts.say(mount, [...at, 'mount'], { remedy: 'disks must differ in their places', whole: at });
    if (logBytes === undefined) return;
    if (withLogs !== undefined) {
      complain([...at, 'logBytes'], 'is said of another disk, too; logs can be on one disk', {
        code: 'conflict',
        earlier: withLogs,
      });
    }
    withLogs ??= [...at, 'logBytes'];
  });
  if ((disks ?? []).length > 0 && (init ?? []).length > 0) {
    complain(['disks'], 'needs Ingot\'s own init; leave out "init", or mount disks with a container in "onboot"');
  }
}
