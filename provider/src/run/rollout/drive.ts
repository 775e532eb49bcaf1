import type { Progress } from '../../model/progress.js';
import { aborted } from '../error.js';
import type { Clock, Engine } from './engine.js';
import type { Observed, Rejection } from './observed.js';
import { plan, type Step } from './plan.js';
import { Work } from './work.js';

export type DriveRequest = Omit<Observed, 'machines' | 'nowMs' | 'happened'> & {
  readonly rejected: readonly Rejection[];
};

export interface DriveOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

export interface DriveResult {
  readonly outcome: 'done' | 'failed';
  /** Why it has failed. */
  readonly reason?: string;
  /** Those that it began with, and any that failed now. */
  readonly rejected: readonly Rejection[];
}

/** A drive that did not come to an end: what it knew by then. */
export class DriveError extends Error {
  readonly rejected: readonly Rejection[];

  constructor(cause: unknown, rejected: readonly Rejection[]) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.rejected = rejected;
  }
}

/**
 * Does what `plan` says until it says `done` or `failed`. When it returns, or throws, nothing that it began goes on.
 * @throws {DriveError} if it was cancelled, or the engine cannot go on; the next drive continues from what is there.
 */
export async function drive(request: DriveRequest, engine: Engine, options: DriveOptions): Promise<DriveResult> {
  const rejected = [...request.rejected];
  const work = new Work(engine, options);
  try {
    for (;;) {
      if (options.signal.aborted) throw aborted('roll the fleet', options.signal);
      work.reap();
      const seen = await engine.observe();
      const machines = work.merge(seen);
      const failures = work.failures;
      const observed = { ...request, machines, happened: { rejected, failures }, nowMs: options.clock.nowMs() };
      const steps = plan(observed);
      const [first] = steps;
      if (first?.do === 'done') {
        await work.settle();
        return { outcome: 'done', rejected };
      }
      if (first?.do === 'failed') return { outcome: 'failed', reason: first.reason, rejected };
      if (first?.do === 'roll-back' || first?.do === 'reject') {
        rejected.push({ digest: first.digest, reason: first.reason });
        continue;
      }
      work.resume(machines);
      for (const step of steps) work.take(step, machines);
      options.progress({ step: wordsFor(observed, steps) });
      await work.change(untilMs(steps));
    }
  } catch (error) {
    throw new DriveError(error, rejected);
  } finally {
    await work.end();
  }
}

function untilMs(steps: readonly Step[]): number | undefined {
  const last = steps.at(-1);
  return last?.do === 'wait' ? last.untilMs : undefined;
}

/** `2 of 5 machines replaced, 1 starting, 1 ending` */
function wordsFor({ machines, wanted, previous, happened }: Observed, steps: readonly Step[]): string {
  const back = happened.rejected.some(({ digest }) => digest === wanted.digest);
  const digest = back ? previous : wanted.digest;
  const ready = machines.filter((machine) => machine.digest === digest && machine.phase === 'healthy').length;
  let starting = machines.filter(({ phase }) => phase === 'pending' || phase === 'booting').length;
  let ending = machines.filter(({ phase }) => phase === 'draining').length;
  for (const step of steps) {
    if (step.do === 'start') starting += step.count;
    if (step.do === 'stop') ending += 1;
  }
  return [
    back
      ? `going back: ${ready} of ${wanted.count} machines`
      : `${ready} of ${wanted.count} machines ${previous === digest ? 'healthy' : 'new and healthy'}`,
    ...(starting > 0 ? [`${starting} starting`] : []),
    ...(ending > 0 ? [`${ending} ending`] : []),
    ...(starting + ending === 0 ? ['waiting whether they stay healthy'] : []),
  ].join(', ');
}
