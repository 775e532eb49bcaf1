import { type Limits, limitsOf } from './limits.js';
import type { Observed, ObservedMachine } from './observed.js';

export type Step =
  | { readonly do: 'start'; readonly digest: string; readonly count: number }
  | { readonly do: 'stop'; readonly machine: string; readonly why: WhyStopped }
  /** Nothing else is to be done until a machine changes, or it is that late. */
  | { readonly do: 'wait'; readonly untilMs?: number }
  /** From now on the digest counts as rejected; what follows depends on the strategy. Asked again at once. */
  | { readonly do: 'roll-back'; readonly digest: string; readonly to: string | undefined; readonly reason: string }
  | { readonly do: 'reject'; readonly digest: string; readonly reason: string }
  /** All machines are what is wanted; of a hundred, one may be just starting, and is left to end that by itself. */
  | { readonly do: 'done' }
  /** They are not, and nothing more will be done for it. */
  | { readonly do: 'failed'; readonly reason: string };

/** `unhealthy`: it has failed, and counts as a failure of its digest. */
export type WhyStopped = 'unhealthy' | 'replaced' | 'surplus';

/** Why a machine was ended that did serve before. */
export const UNHEALTHY = 'it stopped answering';

/** How many machines in a row may fail when a fleet goes back, beside one for each machine and those that may anyway. */
const PATIENCE_BACKWARDS = 3;

/**
 * What is to be done next for a fleet to become what is wanted. It knows no clock, no host and no cloud: whoever drives
 * it observes, does what it says, and asks again whenever something has changed.
 *
 * By its own doing there are never fewer healthy machines than the strategy promises, and never more machines than it
 * allows, those that are ending included; and no machine of a rejected digest is started. A plan ends with `done` or
 * `failed` as its only step, or with `wait`, where something is under way that will end the wait.
 */
export function plan(observed: Observed): readonly Step[] {
  const { wanted, previous, strategy, happened } = observed;
  const limits = limitsOf(strategy, wanted.count);
  const rejection = happened.rejected.find(({ digest }) => digest === wanted.digest);
  if (rejection === undefined) {
    const reasons = failuresOf(observed);
    if (reasons.length <= limits.maxFailures) return forwards(observed, limits);
    const reason = reasonOf(reasons);
    if (previous === wanted.digest) return [{ do: 'failed', reason }];
    const { digest } = wanted;
    return [strategy.rollback ? { do: 'roll-back', digest, to: previous, reason } : { do: 'reject', digest, reason }];
  }
  const { reason } = rejection;
  if (!strategy.rollback) return [{ do: 'failed', reason }];
  if (previous === undefined) return dissolve(observed, reason);
  if (happened.rejected.some(({ digest }) => digest === previous)) return [{ do: 'failed', reason }];
  return backwards(observed, { previous, reason, limits });
}

/** Why machines of the wanted digest have failed, with those that are about to be ended for it. */
function failuresOf(observed: Observed): string[] {
  const { machines, wanted, previous, happened } = observed;
  const before = happened.failures.filter(({ digest }) => digest === wanted.digest).map(({ reason }) => reason);
  // Where nothing is rolled out, one that is found broken is what is to be mended.
  if (previous === wanted.digest) return before;
  const broken = machines
    .filter(({ digest }) => digest === wanted.digest)
    .filter((machine) => isBroken(machine, observed));
  return [...before, ...broken.map(({ phase }) => (phase === 'booting' ? 'it took too long to start' : UNHEALTHY))];
}

function isBroken(machine: ObservedMachine, observed: Observed): boolean {
  const { phase } = machine;
  return phase !== 'gone' && phase !== 'draining' && !willServe(machine, observed);
}

function forwards(observed: Observed, limits: Limits): Step[] {
  const { wanted, previous, nowMs } = observed;
  const { count, digest } = wanted;
  const { canary, bakeMs } = limits;
  const baking = observed.machines
    .filter((machine) => machine.digest === digest && machine.phase === 'healthy')
    .map(({ sinceMs }) => sinceMs + bakeMs)
    .sort((a, b) => a - b);
  const there = observed.machines.filter((machine) => machine.digest === digest && willServe(machine, observed)).length;
  // More than those are only ever started once they have passed.
  const passed = canary === 0 || previous === digest || there > canary || (baking[canary - 1] ?? Infinity) <= nowMs;
  const goal = { digest, upTo: passed ? count : canary, besides: previous === digest ? undefined : previous };
  const { steps, reached } = approach(observed, goal, limits);
  const bakedMs = reached ? baked(baking, count) : passed ? undefined : baking[canary - 1];
  if (reached && (bakedMs ?? 0) <= nowMs) return [{ do: 'done' }];
  return [...steps, waitUntil([bakedMs, ...latest(observed)], nowMs)];
}

/** When enough of them have stayed healthy: in a large fleet there is always one that was just interrupted. */
function baked(baking: readonly number[], count: number): number | undefined {
  return baking[count - Math.floor(count / 10) - 1];
}

function backwards(
  observed: Observed,
  { previous, reason, limits }: { previous: string; reason: string; limits: Limits },
): Step[] {
  const { count } = observed.wanted;
  const failures = observed.happened.failures.filter(({ digest }) => digest === previous);
  if (failures.length > count + limits.maxFailures + PATIENCE_BACKWARDS) {
    const why = reasonOf(failures.map((failure) => failure.reason));
    return [{ do: 'failed', reason: `${reason}; and going back was given up: ${why}` }];
  }
  const goal = { digest: previous, upTo: count, besides: undefined };
  const { steps, reached } = approach(observed, goal, limits);
  if (reached) return [{ do: 'failed', reason }];
  return [...steps, waitUntil(latest(observed), observed.nowMs)];
}

/** A fleet that never was leaves nothing. */
function dissolve(observed: Observed, reason: string): Step[] {
  const left = observed.machines.filter(({ phase }) => phase !== 'gone').sort(leastUsefulFirst);
  if (left.length === 0) return [{ do: 'failed', reason }];
  const stops = left.filter(({ phase }) => phase !== 'draining').map(({ id }) => stop(id, 'replaced'));
  return [...stops, { do: 'wait' }];
}

interface Goal {
  readonly digest: string;
  /** How many machines of it are to be there for now. */
  readonly upTo: number;
  /** Of what the others are. Those that die meanwhile are started again. */
  readonly besides: string | undefined;
}

/** One step of each kind towards the goal, within the limits. */
function approach(
  observed: Observed,
  { digest, upTo, besides }: Goal,
  { leastHealthy, most }: Limits,
): { steps: Step[]; reached: boolean } {
  const { count } = observed.wanted;
  const alive = observed.machines.filter(({ phase }) => phase !== 'gone');
  const serving = alive.filter((machine) => willServe(machine, observed));
  const failed = alive.filter((machine) => isBroken(machine, observed)).sort(leastUsefulFirst);
  const ours = serving.filter((machine) => machine.digest === digest).sort(leastUsefulFirst);
  const others = serving.filter((machine) => machine.digest !== digest).sort(leastUsefulFirst);
  const othersToKeep = count - upTo;
  // In a large fleet there is hardly a moment in which nobody is being started again after an interruption.
  const onTheirWay = Math.floor(count / 100);
  const ahead = othersToKeep === 0 && others.length > 0 ? onTheirWay : 0;

  let spare = serving.filter(({ phase }) => phase === 'healthy').length - leastHealthy;
  const stopSome = (machines: readonly ObservedMachine[], atMost: number, why: WhyStopped): Step[] => {
    const steps: Step[] = [];
    for (const { id, phase } of machines) {
      if (steps.length >= atMost) break;
      if (phase === 'healthy' && spare-- <= 0) break;
      steps.push(stop(id, why));
    }
    return steps;
  };
  const stops = [
    ...failed.map(({ id }) => stop(id, 'unhealthy')),
    ...stopSome(others, others.length - othersToKeep, 'replaced'),
    ...stopSome(ours, ours.length - count - ahead, 'surplus'),
  ];

  let room = Math.max(0, most - alive.length);
  const startSome = (wanted: string | undefined, missing: number): Step[] => {
    const some = Math.min(room, missing);
    if (wanted === undefined || some <= 0 || isRejected(observed, wanted)) return [];
    room -= some;
    return [{ do: 'start', digest: wanted, count: some }];
  };
  const starts = [
    ...startSome(digest, upTo + ahead - ours.length),
    ...startSome(besides, othersToKeep - others.length),
  ];
  const ready = ours.filter(({ phase }) => phase === 'healthy').length;
  const settled = ours.length === count && count - ready <= onTheirWay && alive.length - count <= onTheirWay;
  const reached = settled && alive.every((machine) => machine.digest === digest);
  return { steps: [...stops, ...starts], reached };
}

/** Those that do not serve yet, then the oldest. */
function leastUsefulFirst(a: ObservedMachine, b: ObservedMachine): number {
  const order = Number(a.phase === 'healthy') - Number(b.phase === 'healthy') || a.sinceMs - b.sinceMs;
  return order || (a.id < b.id ? -1 : 1);
}

function willServe({ phase, sinceMs }: ObservedMachine, { startSeconds, nowMs }: Observed): boolean {
  if (phase === 'booting') return startSeconds === undefined || nowMs < sinceMs + startSeconds * 1000;
  return phase === 'pending' || phase === 'healthy';
}

/** When machines that boot will have taken too long. */
function latest({ machines, startSeconds }: Observed): number[] {
  if (startSeconds === undefined) return [];
  return machines.filter(({ phase }) => phase === 'booting').map(({ sinceMs }) => sinceMs + startSeconds * 1000);
}

function waitUntil(timesMs: readonly (number | undefined)[], nowMs: number): Step {
  let first = Infinity;
  for (const time of timesMs) if (time !== undefined && time > nowMs && time < first) first = time;
  return first === Infinity ? { do: 'wait' } : { do: 'wait', untilMs: first };
}

function isRejected({ happened }: Observed, digest: string): boolean {
  return happened.rejected.some((rejection) => rejection.digest === digest);
}

function stop(machine: string, why: WhyStopped): Step {
  return { do: 'stop', machine, why };
}

function reasonOf(reasons: readonly string[]): string {
  const last = reasons.at(-1) ?? 'unknown';
  return reasons.length <= 1 ? last : `${reasons.length} machines failed; the last one: ${last}`;
}
