import { describe, expect, test } from 'vitest';
import { bootArguments } from './boot-source.js';
import { type MachinePlan, qemuArguments } from './command-line.js';

const PLAN: MachinePlan = {
  ...{ id: 'vm-1', uuid: 'a', platform: 'linux/amd64', accelerator: 'tcg', sandbox: false },
  machine: { memoryMiB: 64, cpus: 1 },
  boot: [],
  forwards: [],
};
const KERNEL = { kernel: '/k', initrd: '/i', commandLine: 'quiet' };
const HOST = { platform: 'linux/amd64', accelerator: 'kvm' } as const;

describe('a machine', () => {
  test.each(['linux/amd64', 'linux/arm64'] as const)(
    'of %s has no port for commands unless it is to run some',
    (platform) => {
      expect(qemuArguments({ ...PLAN, platform }).join(' ')).not.toContain('commands');
      const devices = qemuArguments({ ...PLAN, platform, commands: true });
      expect(devices).toEqual(
        expect.arrayContaining([
          'socket,id=commands,path=commands.sock,server=on,wait=off',
          'virtserialport,chardev=commands,name=ingot.commands',
        ]),
      );
    },
  );

  test('is told on its kernel command line to look at that port', () => {
    expect(bootArguments(KERNEL, HOST)).toContain('quiet');
    expect(bootArguments(KERNEL, { ...HOST, commands: true })).toContain('quiet ingot.commands');
  });

  test('has no check of timers where they are emulated, and more time, and only there', () => {
    const firmware = { code: '/code', variables: '/variables' };
    const disk = { disk: { path: '/d', format: 'raw' } } as const;
    for (const source of [KERNEL, disk]) {
      const of = (host: object) => bootArguments(source, { ...HOST, firmware, ...host }).join(' ');
      expect(of({ accelerator: 'tcg' })).toContain('no_timer_check');
      expect(of({ accelerator: 'kvm' })).not.toContain('no_timer_check');
      expect(of({ accelerator: 'tcg', platform: 'linux/arm64' })).not.toContain('no_timer_check');
      for (const platform of ['linux/amd64', 'linux/arm64']) {
        expect(of({ accelerator: 'tcg', platform })).toContain('ingot.patience=4');
        expect(of({ accelerator: 'kvm', platform })).not.toContain('ingot.patience');
      }
    }
  });

  test('that boots a disk cannot be told', () => {
    const disk = { disk: { path: '/d', format: 'raw' } } as const;
    expect(() => bootArguments(disk, { ...HOST, commands: true })).toThrow(/runs no commands/);
  });
});
