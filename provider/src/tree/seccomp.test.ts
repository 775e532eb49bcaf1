import { describe, expect, test } from 'vitest';
import { CAPABILITIES } from '../model/spec.js';
import { seccompOf } from './seccomp.js';

interface Filter {
  readonly architectures: readonly string[];
  readonly syscalls: readonly {
    readonly names: readonly string[];
    readonly errnoRet: number;
    readonly args?: unknown;
  }[];
}

const filter = (...capabilities: string[]) => seccompOf(new Set(capabilities), 'amd64') as unknown as Filter;
/** Refused whatever they are called with. */
const refused = (...capabilities: string[]): string[] =>
  filter(...capabilities).syscalls.flatMap(({ names, args }) => (args === undefined ? names : []));

describe('seccompOf()', () => {
  test('refuses a short list without capabilities', () => {
    expect(seccompOf(new Set(), 'amd64')).toMatchSnapshot();
    expect(new Set(refused()).size).toBe(refused().length);
  });

  test.each([
    ['CAP_SYS_ADMIN', ['mount', 'setns', 'bpf', 'keyctl', 'clone3']],
    ['CAP_BPF', ['bpf']],
    ['CAP_DAC_READ_SEARCH', ['open_by_handle_at']],
    ['CAP_PERFMON', ['perf_event_open']],
    ['CAP_SYSLOG', ['syslog']],
    ['CAP_SYS_BOOT', ['reboot', 'kexec_load', 'kexec_file_load']],
    ['CAP_SYS_MODULE', ['init_module', 'finit_module', 'delete_module']],
    ['CAP_SYS_PACCT', ['acct']],
    ['CAP_SYS_PTRACE', ['process_vm_readv', 'process_vm_writev', 'userfaultfd']],
    ['CAP_SYS_RAWIO', ['ioperm', 'iopl']],
    ['CAP_SYS_TIME', ['clock_settime', 'settimeofday']],
    ['CAP_SYS_TTY_CONFIG', ['vhangup']],
  ])('lifts with %s what is for it', (capability, calls) => {
    expect(refused()).toEqual(expect.arrayContaining(calls));
    const left = new Set(refused(capability));
    expect(calls.filter((name) => left.has(name))).toEqual([]);
    expect(left.size).toBeLessThan(refused().length);
  });

  test('refuses a user namespace to all but CAP_SYS_ADMIN', () => {
    const byArguments = ({ syscalls }: Filter) => syscalls.filter(({ args }) => args !== undefined);
    expect(byArguments(filter())).toMatchObject([{ names: ['clone', 'unshare'] }]);
    expect(byArguments(filter('CAP_SYS_ADMIN'))).toEqual([]);
  });

  test('lifts nothing with other capabilities, and everything with all', () => {
    expect(filter('CAP_CHOWN', 'CAP_NET_ADMIN', 'CAP_SETUID')).toEqual(filter());
    expect(seccompOf(new Set(CAPABILITIES), 'amd64')).toBeUndefined();
  });

  test('is for the programs of an Arm machine, too', () => {
    const { architectures } = seccompOf(new Set(), 'arm64') as unknown as Filter;
    expect(architectures).toEqual(['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM']);
  });
});
