import type { Architecture } from '../model/index.js';
import type { GoValue } from './go-json.js';

/** System calls that are refused, unless a container has one of the capabilities that they are for. */
interface Refusal {
  readonly calls: readonly string[];
  readonly unless: readonly string[];
}

/**
 * What a service does not need, and what has been a way out of containers: calls that act on the whole machine, and
 * those of big parts of the kernel that are for its administrator. The kernel refuses most of them to a process without
 * the capability in any case; refused here, the code behind them is not even reached.
 */
const REFUSED: readonly Refusal[] = [
  {
    unless: ['CAP_SYS_ADMIN'],
    calls: [
      // Mounts, and the namespaces in which everybody may mount; unshare and clone are below.
      ...['mount', 'umount', 'umount2', 'pivot_root', 'mount_setattr', 'move_mount', 'open_tree', 'open_tree_attr'],
      ...['fsopen', 'fsconfig', 'fsmount', 'fspick', 'setns'],
      ...['swapon', 'swapoff', 'quotactl', 'quotactl_fd'],
      // The kernel's keys do not know of containers.
      ...['add_key', 'keyctl', 'request_key'],
      // What programs have stopped using.
      ...['_sysctl', 'lookup_dcookie', 'nfsservctl', 'sysfs', 'uselib', 'ustat'],
    ],
  },
  { unless: ['CAP_BPF', 'CAP_SYS_ADMIN'], calls: ['bpf'] },
  { unless: ['CAP_PERFMON', 'CAP_SYS_ADMIN'], calls: ['perf_event_open'] },
  { unless: ['CAP_SYSLOG', 'CAP_SYS_ADMIN'], calls: ['syslog'] },
  // To find a file by its number leads out of the container's root.
  { unless: ['CAP_DAC_READ_SEARCH'], calls: ['open_by_handle_at'] },
  { unless: ['CAP_SYS_BOOT'], calls: ['kexec_file_load', 'kexec_load', 'reboot'] },
  {
    unless: ['CAP_SYS_MODULE'],
    calls: ['create_module', 'delete_module', 'finit_module', 'get_kernel_syms', 'init_module', 'query_module'],
  },
  { unless: ['CAP_SYS_PACCT'], calls: ['acct'] },
  { unless: ['CAP_SYS_PTRACE'], calls: ['pidfd_getfd', 'process_vm_readv', 'process_vm_writev', 'userfaultfd'] },
  { unless: ['CAP_SYS_RAWIO'], calls: ['ioperm', 'iopl'] },
  // Not adjtimex, by which programs also ask how right the clock is.
  { unless: ['CAP_SYS_TIME'], calls: ['clock_settime', 'clock_settime64', 'settimeofday', 'stime'] },
  { unless: ['CAP_SYS_TTY_CONFIG'], calls: ['vhangup'] },
];

/** Each with those whose programs the kernel runs as well, so that none of them is a way around. */
const ARCHITECTURES: Readonly<Record<Architecture, readonly string[]>> = {
  amd64: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'],
  arm64: ['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM'],
};

// include/uapi/asm-generic/errno-base.h, errno.h
const EPERM = 1;
const ENOSYS = 38;
/** include/uapi/linux/sched.h */
const CLONE_NEWUSER = 0x10000000;

/**
 * The filter of system calls of a container: `linux.seccomp` of the OCI runtime specification (config-linux.md,
 * "Seccomp"). All is allowed but a short list, of which its capabilities lift what is theirs.
 * @returns undefined where nothing is left to refuse.
 */
export function seccompOf(capabilities: ReadonlySet<string>, architecture: Architecture): GoValue | undefined {
  const refused = REFUSED.filter(({ unless }) => !unless.some((name) => capabilities.has(name)));
  const calls = refused.flatMap(({ calls }) => calls).sort();
  if (calls.length === 0) return undefined;
  return {
    defaultAction: 'SCMP_ACT_ALLOW',
    architectures: ARCHITECTURES[architecture],
    syscalls: [
      { names: calls, action: 'SCMP_ACT_ERRNO', errnoRet: EPERM },
      ...(capabilities.has('CAP_SYS_ADMIN') ? [] : NO_USER_NAMESPACES),
    ],
  };
}

/**
 * In a user namespace of its own, a process has every capability for the parts of the kernel that ask no more than
 * that. The flags of clone3 lie in memory, where a filter does not see them: as if it were not there, programs use clone.
 */
const NO_USER_NAMESPACES: readonly GoValue[] = [
  {
    names: ['clone', 'unshare'],
    action: 'SCMP_ACT_ERRNO',
    errnoRet: EPERM,
    args: [{ index: 0, value: CLONE_NEWUSER, valueTwo: CLONE_NEWUSER, op: 'SCMP_CMP_MASKED_EQ' }],
  },
  { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: ENOSYS },
];
