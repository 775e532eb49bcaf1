import { encodePath } from '../format/path-text.js';
import { EncodeError } from './error.js';
import type { InodeEntry } from './inodes.js';

/** PATH_MAX less the NUL: the kernel skips longer names, and links to longer targets, without a word. */
const PATH_MAX_BYTES = 4095;
const FILE_MAX_BYTES = 0xffffffff;
/** One less than (uid_t)-1, which stands for "no owner". */
const ID_MAX = 0xfffffffe;
/** The kernel cuts larger device numbers (MKDEV: 12 and 20 bits). */
const DEVICE_MAJOR_MAX = 0xfff;
const DEVICE_MINOR_MAX = 0xfffff;

/**
 * Extended attributes that an image does without: notes of applications, marks of overlay file systems, and labels
 * that mean nothing without the policy of the system they were made on. All others grant, restrict or prove
 * something, so a file without them would be another file.
 */
const DISPENSABLE_XATTRS = [/^user\./, /^trusted\./, /^security\.selinux$/];
const SHOWN_PATHS = 10;

/**
 * That an initramfs can hold what the entries say: cpio has no extended attributes, and the kernel has limits of its
 * own, beyond which it goes on with less than was there.
 * @throws {EncodeError} `unrepresentable`, with the paths.
 */
export function checkInitramfsLimits(entries: readonly InodeEntry[]): void {
  for (const entry of entries) {
    const problem = problemOf(entry);
    if (problem === undefined) continue;
    throw new EncodeError('unrepresentable', `Cannot put ${entry.path} into an initramfs: ${problem}`, {
      context: { path: entry.path },
    });
  }
  checkXattrs(entries);
}

function problemOf(entry: InodeEntry): string | undefined {
  const { type, uid, gid, device } = entry;
  if (encodePath(entry.path).byteLength > PATH_MAX_BYTES) return `its path has more than ${PATH_MAX_BYTES} bytes`;
  if (type === 'symlink' && encodePath(entry.link ?? '').byteLength > PATH_MAX_BYTES) {
    return `its target has more than ${PATH_MAX_BYTES} bytes`;
  }
  if (uid > ID_MAX || gid > ID_MAX) return `its owner ${uid}:${gid} has no number from 0 to ${ID_MAX}`;
  if (device !== undefined && (device.major > DEVICE_MAJOR_MAX || device.minor > DEVICE_MINOR_MAX)) {
    return `its device ${device.major}:${device.minor} is over ${DEVICE_MAJOR_MAX}:${DEVICE_MINOR_MAX}`;
  }
  const sizeBytes = entry.content?.sizeBytes ?? 0;
  if (type === 'file' && sizeBytes > FILE_MAX_BYTES) {
    return `it has ${sizeBytes} bytes; files must be under 4 GiB there, larger ones belong on a disk`;
  }
  return undefined;
}

function checkXattrs(entries: readonly InodeEntry[]): void {
  const paths = new Map<string, string[]>();
  for (const { path, xattrs } of entries) {
    for (const name of Object.keys(xattrs ?? {})) {
      if (DISPENSABLE_XATTRS.some((pattern) => pattern.test(name))) continue;
      paths.set(name, [...(paths.get(name) ?? []), path]);
    }
  }
  const [name] = [...paths.keys()].sort();
  const found = name === undefined ? undefined : paths.get(name);
  if (name === undefined || found === undefined) return;
  const shown = found.slice(0, SHOWN_PATHS).join(', ');
  const more = found.length > SHOWN_PATHS ? ` and ${found.length - SHOWN_PATHS} more` : '';
  const advice =
    name === 'security.capability'
      ? 'give the service the capability in the spec instead (capabilities, ambient), and take it off the file'
      : 'take it off the files';
  throw new EncodeError(
    'unrepresentable',
    `Cannot put ${shown}${more} into an initramfs: it cannot hold the extended attribute ${name}; ${advice}`,
    { context: { path: found[0] ?? '', property: name } },
  );
}
