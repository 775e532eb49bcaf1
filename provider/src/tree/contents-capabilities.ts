import { CAPABILITIES, type TreeEntry } from '../model/index.js';
import { sortedRecord } from './contents-parts.js';

const XATTR = 'security.capability';
/** include/uapi/linux/capability.h: VFS_CAP_REVISION_1 to _3, VFS_CAP_FLAGS_EFFECTIVE. */
const SETS_BY_REVISION: Readonly<Record<number, number>> = { 1: 1, 2: 2, 3: 2 };
const EFFECTIVE = 1;

/** Path of each file with capabilities of its own → what they are. */
export function fileCapabilitiesIn(entries: readonly TreeEntry[]): Record<string, string> {
  return sortedRecord(
    entries.flatMap(({ path, xattrs }) => {
      const value = xattrs?.[XATTR];
      return value === undefined ? [] : [[path, capabilitiesText(Buffer.from(value, 'base64'))]];
    }),
  );
}

/**
 * `struct vfs_cap_data` in words, as getcap(8) has them: `cap_net_raw=ep`. What is not of that form is said to be, since
 * the kernel may know more than this does.
 */
export function capabilitiesText(bytes: Buffer): string {
  if (bytes.byteLength < 4) return 'not readable';
  const magic = bytes.readUInt32LE(0);
  const words = SETS_BY_REVISION[magic >>> 24];
  if (words === undefined || bytes.byteLength < 4 + 8 * words) return 'not readable';
  const flags = new Map<string, string[]>();
  for (let number = 0; number < 32 * words; number++) {
    const at = 4 + 8 * Math.floor(number / 32);
    const isIn = (offset: number): boolean => ((bytes.readUInt32LE(at + offset) >>> (number % 32)) & 1) === 1;
    const [permitted, inheritable] = [isIn(0), isIn(4)];
    if (!permitted && !inheritable) continue;
    const effective = (magic & EFFECTIVE) !== 0;
    const text = `${effective ? 'e' : ''}${inheritable ? 'i' : ''}${permitted ? 'p' : ''}`;
    flags.set(text, [...(flags.get(text) ?? []), nameOf(number)]);
  }
  const parts = [...flags].map(([text, names]) => `${names.join(',')}=${text}`);
  return parts.length === 0 ? '=' : parts.join(' ');
}

function nameOf(number: number): string {
  return CAPABILITIES[number]?.toLowerCase() ?? String(number);
}
