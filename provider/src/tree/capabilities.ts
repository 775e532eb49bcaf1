import { didYouMean, nearest } from '../model/suggestion.js';
import { TreeError } from './error.js';

/** All capabilities of Linux, in the order of their numbers (capabilities(7), linux/capability.h). */
export const CAPABILITIES: readonly string[] = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_DAC_READ_SEARCH',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_KILL',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETPCAP',
  'CAP_LINUX_IMMUTABLE',
  'CAP_NET_BIND_SERVICE',
  'CAP_NET_BROADCAST',
  'CAP_NET_ADMIN',
  'CAP_NET_RAW',
  'CAP_IPC_LOCK',
  'CAP_IPC_OWNER',
  'CAP_SYS_MODULE',
  'CAP_SYS_RAWIO',
  'CAP_SYS_CHROOT',
  'CAP_SYS_PTRACE',
  'CAP_SYS_PACCT',
  'CAP_SYS_ADMIN',
  'CAP_SYS_BOOT',
  'CAP_SYS_NICE',
  'CAP_SYS_RESOURCE',
  'CAP_SYS_TIME',
  'CAP_SYS_TTY_CONFIG',
  'CAP_MKNOD',
  'CAP_LEASE',
  'CAP_AUDIT_WRITE',
  'CAP_AUDIT_CONTROL',
  'CAP_SETFCAP',
  'CAP_MAC_OVERRIDE',
  'CAP_MAC_ADMIN',
  'CAP_SYSLOG',
  'CAP_WAKE_ALARM',
  'CAP_BLOCK_SUSPEND',
  'CAP_AUDIT_READ',
  'CAP_PERFMON',
  'CAP_BPF',
  'CAP_CHECKPOINT_RESTORE',
];

const KNOWN = new Set(CAPABILITIES);

/**
 * A list of capabilities with its keywords replaced: `none` or `all` alone, in any case. Order is kept.
 * @throws {TreeError} `bad-container` for a name that Linux does not know.
 */
export function parseCapabilities(written: readonly string[], property: string): readonly string[] {
  if (written.length === 1) {
    const keyword = (written[0] as string).toLowerCase();
    if (keyword === 'none') return [];
    if (keyword === 'all') return CAPABILITIES;
  }
  for (const name of written) {
    if (KNOWN.has(name)) continue;
    const upper = name.toUpperCase();
    const hint = didYouMean(nearest(upper.startsWith('CAP_') ? upper : `CAP_${upper}`, CAPABILITIES));
    throw new TreeError(
      'bad-container',
      `Cannot give the capability ${JSON.stringify(name)}: Linux has none of that name${hint}`,
      {
        property,
        got: name,
      },
    );
  }
  return written;
}
