import { describe, expect, test } from 'vitest';
import type { MachineRecord } from '../pipeline.js';
import { foundMachine } from './drift.js';

const IMAGE = `sha256:${'0'.repeat(64)}` as const;
const RECORD: MachineRecord = {
  ...{ id: 'vm-1', image: IMAGE, pid: 7, accelerator: 'tcg', consoleFile: '/c', bootSeconds: {} },
  ports: [{ host: 8080, guest: 80, address: '127.0.0.1' }],
};
const STATE = { imageDigest: IMAGE, ports: [{ host: 8080, guest: 80 }], memoryMiB: 512, pid: 6 };

describe('foundMachine()', () => {
  test('is as it was made, with what it is now', () => {
    expect(foundMachine(RECORD, STATE, { pid: 7 })).toEqual({ id: 'vm-1', props: { ...STATE, pid: 7 } });
  });

  test.each([
    [
      'another image',
      { ...RECORD, image: `sha256:${'1'.repeat(64)}` as const },
      { imageDigest: `sha256:${'1'.repeat(64)}` },
    ],
    ['no ports any more', { ...RECORD, ports: [] }, { ports: [] }],
  ])('says in its inputs that it has %s', (_, record, drift) => {
    const { props, inputs } = foundMachine(record, STATE, { pid: 7 });
    expect(props).toEqual({ ...STATE, ...drift, pid: 7 });
    const { pid: _pid, ...given } = STATE;
    expect(inputs).toEqual({ ...given, ...drift });
  });
});
