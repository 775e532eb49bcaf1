import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RolloutStrategy } from '../../model/rollout.js';
import { limitsOf } from './limits.js';
import type { Failure, Observed, ObservedMachine, Phase, Rejection } from './observed.js';
import { plan } from './plan.js';

const strategy = (given: Partial<RolloutStrategy> = {}): RolloutStrategy => RolloutStrategy.parse(given);

/** Machines as text: `A+` is a healthy one of digest A, `.` pending, `~` booting, `-` unhealthy, `!` draining. */
function machines(text: string, sinceMs = 0): ObservedMachine[] {
  const phases: Record<string, Phase> = {
    '+': 'healthy',
    '.': 'pending',
    '~': 'booting',
    '-': 'unhealthy',
    '!': 'draining',
  };
  return (text.match(/\S\S/g) ?? []).map(([digest = '', mark = ''], index) => {
    return { id: `${index}`, digest, phase: phases[mark] ?? 'gone', sinceMs };
  });
}

function observed(text: string, given: Partial<Observed> & { failed?: number; rejected?: string[] } = {}): Observed {
  const { failed = 0, rejected = [], ...rest } = given;
  return {
    machines: machines(text),
    wanted: { digest: 'B', count: 3 },
    previous: 'A',
    strategy: strategy(),
    happened: {
      rejected: rejected.map((digest) => ({ digest, reason: 'it broke' })),
      failures: Array.from({ length: failed }, () => ({ digest: 'B', reason: 'it broke' })),
    },
    nowMs: 10_000,
    ...rest,
  };
}

/** The steps as text: `B*2` starts two of B, `0x` stops machine 0. */
function steps(input: Observed): string {
  return plan(input)
    .map((step) => {
      if (step.do === 'start') return `${step.digest}*${step.count}`;
      if (step.do === 'stop') return `${step.machine}x`;
      if (step.do === 'wait') return step.untilMs === undefined ? 'wait' : `wait ${step.untilMs}`;
      if (step.do === 'roll-back') return `${step.digest} back to ${step.to ?? 'nothing'}`;
      return step.do;
    })
    .join(' ');
}

describe('plan()', () => {
  test.each<[string, string, Parameters<typeof observed>[1], string]>([
    ['a new fleet', '', { previous: undefined }, 'B*3 wait'],
    ['one more first', 'A+A+A+', {}, 'B*1 wait'],
    ['waits for it', 'A+A+A+B~', {}, 'wait'],
    ['then ends an old one', 'A+A+A+B+', {}, '0x wait'],
    ['waits until that one has ended', 'A!A+A+B+', {}, 'wait'],
    ['then the next', 'A+A+B+', {}, 'B*1 wait'],
    ['ends the last old one', 'A+B+B+B+', {}, '0x wait'],
    ['done', 'B+B+B+', {}, 'done'],
    ['done with no machines', '', { wanted: { digest: 'B', count: 0 } }, 'done'],
    ['a strategy without surge', 'A+A+A+', { strategy: strategy({ surge: 0, unavailable: 1 }) }, '0x wait'],
    ['and room again', 'A+A+', { strategy: strategy({ surge: 0, unavailable: 1 }) }, 'B*1 wait'],
    ['a strategy without anything', 'A+A+A+', { strategy: strategy({ surge: 0 }) }, 'B*1 wait'],
    ['all at once', 'A+A+A+', { strategy: strategy({ surge: '100%' }) }, 'B*3 wait'],
    ['a canary', 'A+A+A+', { strategy: strategy({ surge: 3, canary: 1 }) }, 'B*1 wait'],
    ['a canary that bakes', 'A!A+A+B+', { strategy: strategy({ surge: 3, canary: 1, bakeSeconds: 60 }) }, 'wait 60000'],
    ['a canary that has baked', 'A+A+B+', { strategy: strategy({ surge: 3, canary: 1, bakeSeconds: 9 }) }, 'B*2 wait'],
    [
      'an old one dies beside a canary',
      'A+B+',
      { strategy: strategy({ canary: 1, bakeSeconds: 60 }) },
      'A*1 wait 60000',
    ],
    ['all bake', 'B+B+B+', { strategy: strategy({ bakeSeconds: 60 }) }, 'wait 60000'],
    ['a failed machine', 'A+A+A+B-', {}, 'B back to A'],
    ['one that may fail', 'A+A+A+B-', { strategy: strategy({ maxFailures: 1 }) }, '3x wait'],
    ['a failed old machine', 'A+A-A+', {}, '1x B*1 wait'],
    ['a failed machine of a fleet that stays', 'B+B-B+', { previous: 'B' }, '1x B*1 wait'],
    ['a failure', 'A+A+A+', { failed: 1 }, 'B back to A'],
    ['a failure that is forgiven', 'A+A+A+', { failed: 1, strategy: strategy({ maxFailures: 1 }) }, 'B*1 wait'],
    ['a failure of a new fleet', 'B+B~', { failed: 1, previous: undefined }, 'B back to nothing'],
    ['which leaves nothing', 'B+B~', { rejected: ['B'], previous: undefined }, '1x 0x wait'],
    ['and has then failed', '', { rejected: ['B'], previous: undefined }, 'failed'],
    ['going back', 'A+A+B+B~', { rejected: ['B'] }, '3x wait'],
    ['going back, with room', 'A+A+B+', { rejected: ['B'] }, 'A*1 wait'],
    ['gone back', 'A+A+A+', { rejected: ['B'] }, 'failed'],
    ['no way back', 'A+A+B+', { failed: 1, strategy: strategy({ rollback: false }) }, 'reject'],
    ['no way back, rejected', 'A+A+B+', { rejected: ['B'], strategy: strategy({ rollback: false }) }, 'failed'],
    ['nothing to go back to', 'A+A+B+', { rejected: ['B', 'A'] }, 'failed'],
    ['one died', 'B+B+', { previous: 'B' }, 'B*1 wait'],
    ['one died, and cannot be had again', 'B+B+', { previous: 'B', failed: 1 }, 'failed'],
    ['more of them', 'B+B+B+', { previous: 'B', wanted: { digest: 'B', count: 5 } }, 'B*2 wait'],
    ['fewer of them', 'B+B+B+', { previous: 'B', wanted: { digest: 'B', count: 1 } }, '0x 1x wait'],
    ['one takes too long', 'A+A+A+B~', { startSeconds: 10 }, 'B back to A'],
    ['one takes long', 'A+A+A+B~', { startSeconds: 20 }, 'wait 20000'],
  ])('says what is next: %s', (_what, text, given, wanted) => {
    expect(steps(observed(text, given))).toBe(wanted);
  });
});

test('plan() does not wait for the last of many, when it is being started', () => {
  const many = (healthy: number, booting: number): string => 'B+'.repeat(healthy) + 'B~'.repeat(booting);
  const wanted = { digest: 'B', count: 200 };
  expect(steps(observed(many(198, 1), { previous: 'B', wanted }))).toBe('B*1 wait');
  expect(steps(observed(many(198, 2), { previous: 'B', wanted }))).toBe('done');
  expect(steps(observed(many(197, 3), { previous: 'B', wanted }))).toBe('wait');
  expect(steps(observed(`A+${many(199, 1)}`, { wanted }))).toBe('wait');
});

const amount = fc.oneof(
  fc.nat(6),
  fc.nat(100).map((share) => `${share}%`),
);
const strategies = fc
  .record({
    ...{ surge: amount, unavailable: amount, canary: amount, maxFailures: fc.nat(4) },
    ...{ bakeSeconds: fc.constantFrom(0, 0, 30), rollback: fc.boolean() },
  })
  .map((given) => strategy(given));
const start = fc.record({
  count: fc.nat(12),
  strategy: strategies,
  previous: fc.constantFrom('A', 'B', undefined),
  rejected: fc.subarray(['B', 'C']),
  machines: fc.array(
    fc.record({
      digest: fc.constantFrom('A', 'B', 'C'),
      phase: fc.constantFrom<Phase>('pending', 'booting', 'healthy', 'healthy', 'unhealthy', 'draining', 'gone'),
    }),
    { maxLength: 15 },
  ),
  /** What becomes of a machine in each round, in turn; then all goes well. */
  fate: fc.array(fc.constantFrom<Fate>('stay', 'go on', 'fail', 'die'), { maxLength: 200 }),
});
type Fate = 'stay' | 'go on' | 'fail' | 'die';

const ROUND_MS = 5000;
/** More than a fleet needs, one machine at a time, there and back: each has to be started, to be healthy, and to end. */
const maxRounds = (count: number): number => 300 + 8 * count;

describe('plan() keeps its promises, whatever happens', () => {
  test('never below, never above, never stuck, never a rejected digest, and the same again', () => {
    fc.assert(fc.property(start, run), { numRuns: 2000 });
  });

  test('in a large fleet, too', () => {
    const large = fc.tuple(start, fc.integer({ min: 100, max: 250 })).map(([from, count]) => ({ ...from, count }));
    fc.assert(fc.property(large, run), { numRuns: 30 });
  });
});

function run({ count, strategy, previous, fate, ...from }: typeof start extends fc.Arbitrary<infer T> ? T : never) {
  const { leastHealthy, most } = limitsOf(strategy, count);
  const rejected: Rejection[] = from.rejected.map((digest) => ({ digest, reason: 'before' }));
  const failures: Failure[] = [];
  const newcomers = new Set<string>();
  let fleet: ObservedMachine[] = from.machines.map((machine, index) => ({ id: `${index}`, ...machine, sinceMs: 0 }));
  let next = fleet.length;
  let luck = 0;
  const healthy = (): number => fleet.filter(({ phase }) => phase === 'healthy').length;

  for (let round = 0; round < maxRounds(count); round++) {
    const nowMs = round * ROUND_MS;
    const wanted = { digest: 'B', count };
    const input = { machines: fleet, wanted, previous, strategy, happened: { rejected, failures }, nowMs };
    const planned = plan(input);
    expect(plan({ ...input, machines: [...fleet].reverse() })).toEqual(planned);
    const [first] = planned;
    if (first?.do === 'done' || first?.do === 'failed') {
      expect(planned).toHaveLength(1);
      const left = fleet.filter(({ phase }) => phase !== 'gone');
      if (first.do === 'failed') return;
      const onTheirWay = Math.floor(count / 100);
      expect(left.filter(({ digest }) => digest !== 'B')).toEqual([]);
      expect(Math.abs(left.length - count)).toBeLessThanOrEqual(onTheirWay);
      expect(Math.abs(healthy() - count)).toBeLessThanOrEqual(onTheirWay);
      return;
    }
    if (first?.do === 'roll-back' || first?.do === 'reject') {
      expect(planned).toHaveLength(1);
      expect(rejected.map(({ digest }) => digest)).not.toContain(first.digest);
      rejected.push({ digest: first.digest, reason: first.reason });
      continue;
    }
    const wait = planned.at(-1);
    expect(wait?.do).toBe('wait');
    const before = healthy();
    const dissolves = previous === undefined && rejected.some(({ digest }) => digest === 'B');
    for (const step of planned) {
      if (step.do === 'start') {
        expect(rejected.map(({ digest }) => digest)).not.toContain(step.digest);
        for (let i = 0; i < step.count; i++) {
          newcomers.add(`${next}`);
          fleet.push({ id: `${next++}`, digest: step.digest, phase: 'pending', sinceMs: nowMs });
        }
        expect(fleet.filter(({ phase }) => phase !== 'gone').length).toBeLessThanOrEqual(most);
      } else if (step.do === 'stop') {
        const machine = fleet.find(({ id }) => id === step.machine);
        if (machine === undefined) throw new Error('stops a machine that is not there');
        expect(['gone', 'draining']).not.toContain(machine.phase);
        if (step.why === 'unhealthy') failures.push({ digest: machine.digest, reason: 'sick' });
        Object.assign(machine, { phase: 'draining', sinceMs: nowMs });
      }
    }
    if (!dissolves) expect(healthy()).toBeGreaterThanOrEqual(Math.min(before, leastHealthy));
    const underWay = fleet.some(({ phase }) => ['pending', 'booting', 'draining'].includes(phase));
    const later = wait?.do === 'wait' && wait.untilMs !== undefined && wait.untilMs > nowMs;
    expect(underWay || later).toBe(true);
    // A plan that was carried out says no more of it: what it asked for is there.
    const again = plan({ ...input, machines: fleet, happened: { rejected, failures } });
    if (again[0]?.do !== 'roll-back' && again[0]?.do !== 'reject') {
      expect(again.filter((step) => step.do === 'start')).toEqual([]);
    }
    fleet = fleet.map((machine) => ({ ...machine, ...after(machine, fate[luck++] ?? 'go on', nowMs + ROUND_MS) }));
    fleet = fleet.filter(({ phase }) => phase !== 'gone');
  }
  expect.unreachable('it never ends');
}

function after({ phase, sinceMs }: ObservedMachine, fate: Fate, nowMs: number): { phase: Phase; sinceMs: number } {
  const goesOn: Partial<Record<Phase, Phase>> = { pending: 'booting', booting: 'healthy', draining: 'gone' };
  const to =
    fate === 'stay'
      ? phase
      : fate === 'die'
        ? 'gone'
        : fate === 'fail' && phase !== 'draining'
          ? 'unhealthy'
          : goesOn[phase];
  return to === undefined || to === phase ? { phase, sinceMs } : { phase: to, sinceMs: nowMs };
}
