import { expect, test } from 'vitest';
import { imageOf, KERNEL, script } from '../boot/guest-image.js';
import { bootOnce, type GuestBoot, secondsToFirstMark } from './guest-boot.js';
import { median, pairs } from './measure.js';
import { record, recordSize, rowOf } from './row.js';
import { runtimeSize } from './runtime-size.js';

/** Pairs of boots, after one pair that does not count. */
const PAIRS = 5;
/** Boots for what differs little from one to the next. */
const BOOTS = 3;
const SERVICES = 20;
const SLOW_SECONDS = 5;

/** It has no handler for the signal to stop, and so ends at once. */
const trivial = (name: string): object => script(name, 'exec sleep 100000');
/** It does nothing for a while, and then works. All are in the machine's own network. */
const slow = (name: string, index: number): object => {
  const port = 8000 + index;
  return script(name, `sleep ${SLOW_SECONDS}; exec busybox httpd -f -p ${port}`, { health: { tcp: { port } } });
};
const SERVICE_NAMES = Array.from({ length: SERVICES }, (_, index) => `service-${index}`);

test('what the runtime adds to an image', async () => {
  const services = [trivial('service')];
  const disks = [{ label: 'data', mount: '/var/lib/data' }];
  const plain = await runtimeSize({ kernel: KERNEL, services });
  const full = await runtimeSize({ kernel: KERNEL, root: 'disk', services, disks });
  const rows = [
    { name: 'the runtime in an image', bytes: plain.root, goalKilobytes: 10_000 },
    { name: 'the same with data-disk tools', bytes: full.root },
    { name: 'the same and verity tools, each file counted once', bytes: full.distinct },
    { name: 'the same, with all that lies in its initramfs again', bytes: full.all, goalKilobytes: 13_000 },
  ];
  for (const { bytes, ...row } of rows) recordSize({ ...row, kilobytes: bytes / 1000 });
});

test('from the kernel to ready and from the power button to off, with one service and with many', async () => {
  const one = await imageOf({ services: [trivial('service')] });
  const many = await imageOf({ services: SERVICE_NAMES.map((name) => trivial(name)) });
  const firstMark = await medianOf(() => secondsToFirstMark(one));
  const boots = { one: [] as GuestBoot[], many: [] as GuestBoot[] };
  const run = async (kind: 'one' | 'many'): Promise<number> => {
    const boot = await bootOnce({ one, many }[kind]);
    boots[kind].push(boot);
    return boot.phases.services;
  };
  const measured = await pairs(PAIRS, { ours: () => run('many'), reference: () => run('one') });

  const counted = { one: boots.one.slice(1), many: boots.many.slice(1) };
  const end = (phase: string): number => median(counted.one.map(({ phases }) => phases[phase] ?? Number.NaN));
  const toInit = end('kernel') - firstMark;
  // Of each boot by itself, since how long the kernel takes differs more than what follows.
  const fromInit = median(counted.one.map(({ phases }) => phases.services - phases.kernel)) + firstMark;
  record({
    name: 'kernel start to ready, one service',
    oursSeconds: toInit + fromInit,
    reference: { name: 'kernel start to /init', seconds: toInit },
    goalSeconds: 1.5,
  });
  for (const phase of Object.keys(counted.one[0]?.phases ?? {})) {
    record({ name: `… to the end of ${phase}`, oursSeconds: end(phase) });
  }
  record(rowOf(`kernel start to ready, ${SERVICES} services`, measured, { reference: 'one service' }));
  const further = (median(measured.ours) - median(measured.reference)) / (SERVICES - 1);
  const alone = median(counted.one.map(({ phases }) => phases.services - phases.onboot));
  record({
    name: '… seconds per further service',
    oursSeconds: further,
    reference: { name: 'its start alone', seconds: alone },
  });
  for (const [name, all] of [
    ['one service', counted.one],
    [`${SERVICES} services`, counted.many],
  ] as const) {
    const oursSeconds = median(all.map(({ offSeconds }) => offSeconds));
    record({ name: `power button to off, ${name}`, oursSeconds, goalTotalSeconds: 2 });
  }
});

test('services that nothing orders start in parallel', async () => {
  const image = await imageOf({ services: SERVICE_NAMES.map(slow) });
  const oursSeconds = await medianOf(async () => {
    const { phases } = await bootOnce(image);
    return phases.services - phases.onboot;
  });
  const inTurn = SERVICES * SLOW_SECONDS;
  const name = `start of ${SERVICES} services that are healthy after ${SLOW_SECONDS} s`;
  record({ name, oursSeconds, reference: { name: 'one after the other', seconds: inTurn } });
  expect(oursSeconds).toBeLessThan(inTurn);
});

async function medianOf(measure: () => Promise<number>): Promise<number> {
  const measured: number[] = [];
  for (let boot = 0; boot < BOOTS; boot++) measured.push(await measure());
  return median(measured);
}
