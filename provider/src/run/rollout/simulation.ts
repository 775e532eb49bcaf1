import type { RolloutStrategy } from '../../model/rollout.js';
import { limitsOf } from './limits.js';
import type { Failure, ObservedMachine, Phase, Rejection } from './observed.js';
import { plan } from './plan.js';

/** How machines behave. Shares are of 1; times are seconds. */
export interface World {
  /** From being asked for to booting, and from there to healthy: each evenly spread between the two. */
  readonly pendingSeconds: readonly [number, number];
  readonly bootSeconds: readonly [number, number];
  /** Machines that take ten times as long to boot. */
  readonly slowShare: number;
  /** Machines of a good digest that never become healthy. */
  readonly failShare: number;
  /** The same of the new digest. */
  readonly newFailShare: number;
  /** Healthy machines of the new digest that fail some time after they became healthy, up to `newSickSeconds`. */
  readonly newSickShare: number;
  readonly newSickSeconds: number;
  /** Interruptions: healthy machines that are taken away, an hour. */
  readonly interruptedHourly: number;
  readonly drainSeconds: number;
}

export interface Scenario {
  readonly count: number;
  readonly strategy: RolloutStrategy;
  readonly world: World;
  readonly startSeconds: number;
  /** How often the fleet is looked at. */
  readonly everySeconds: number;
  /** When the simulation gives up: a fleet that is not finished by then is stuck. */
  readonly limitSeconds: number;
}

export interface SimulationResult {
  readonly outcome: 'done' | 'rolled back' | 'failed' | 'stuck';
  readonly reason: string;
  readonly seconds: number;
  /** The worst moment, interruptions included. */
  readonly leastHealthy: number;
  readonly mostMachines: number;
  readonly started: number;
  readonly interrupted: number;
  /** What must never be; empty. */
  readonly violations: readonly string[];
}

interface Simulated {
  readonly id: string;
  readonly digest: string;
  phase: Phase;
  sinceMs: number;
  /** When it changes by itself, and into what. */
  nextMs: number;
  next: Phase;
}

const OLD = 'old';
const NEW = 'new';

/**
 * Rolls a fleet of machines that behave as the world says, from one digest to another, as `plan` says.
 * @param random a number from 0 up to 1, another one each time; the same sequence gives the same result
 */
export function simulate(scenario: Scenario, random: () => number): SimulationResult {
  const { count, strategy, world, everySeconds, limitSeconds, startSeconds } = scenario;
  const { leastHealthy: promised, most } = limitsOf(strategy, count);
  const fleet = new SimulatedFleet(world, random);
  for (let i = 0; i < count; i++) fleet.addHealthy(OLD);
  const rejected: Rejection[] = [];
  const failures: Failure[] = [];
  const violations: string[] = [];
  let worst = count;
  let largest = count;
  const result = (outcome: SimulationResult['outcome'], reason: string, nowMs: number): SimulationResult => ({
    ...{ outcome, reason, violations, seconds: nowMs / 1000, leastHealthy: worst, mostMachines: largest },
    ...{ started: fleet.started, interrupted: fleet.interrupted },
  });

  for (let nowMs = 0; nowMs <= limitSeconds * 1000; nowMs += everySeconds * 1000) {
    fleet.pass(nowMs, everySeconds);
    for (let again = true; again; ) {
      again = false;
      const before = fleet.healthy();
      const observed = {
        ...{ machines: fleet.machines(), wanted: { digest: NEW, count }, previous: OLD, strategy, startSeconds, nowMs },
        happened: { rejected, failures },
      };
      for (const step of plan(observed)) {
        if (step.do === 'done') return result('done', '', nowMs);
        if (step.do === 'failed') {
          const back = fleet.machines().every(({ digest }) => digest === OLD);
          return result(back ? 'rolled back' : 'failed', step.reason, nowMs);
        }
        if (step.do === 'roll-back' || step.do === 'reject') {
          rejected.push({ digest: step.digest, reason: step.reason });
          again = true;
        } else if (step.do === 'start') {
          if (rejected.some(({ digest }) => digest === step.digest)) violations.push(`started ${step.digest}`);
          fleet.start(step, nowMs);
        } else if (step.do === 'stop') {
          const digest = fleet.stop(step.machine, nowMs);
          if (step.why === 'unhealthy') failures.push({ digest, reason: 'it was not healthy' });
        }
      }
      const after = fleet.healthy();
      if (after < before && after < promised) violations.push(`${after} healthy of ${promised} at ${nowMs / 1000} s`);
      worst = Math.min(worst, after);
      const size = fleet.machines().length;
      if (size > most) violations.push(`${size} machines of ${most} at ${nowMs / 1000} s`);
      largest = Math.max(largest, size);
    }
  }
  return result('stuck', '', limitSeconds * 1000);
}

class SimulatedFleet {
  readonly #world: World;
  readonly #random: () => number;
  #machines = new Map<string, Simulated>();
  #next = 0;
  started = 0;
  interrupted = 0;

  constructor(world: World, random: () => number) {
    this.#world = world;
    this.#random = random;
  }

  machines(): ObservedMachine[] {
    return [...this.#machines.values()];
  }

  healthy(): number {
    let count = 0;
    for (const { phase } of this.#machines.values()) if (phase === 'healthy') count++;
    return count;
  }

  addHealthy(digest: string): void {
    const id = this.#newId();
    this.#machines.set(id, { id, digest, phase: 'healthy', sinceMs: 0, nextMs: Infinity, next: 'gone' });
  }

  start({ digest, count }: { digest: string; count: number }, nowMs: number): void {
    for (let i = 0; i < count; i++) {
      const id = this.#newId();
      const nextMs = nowMs + this.#between(this.#world.pendingSeconds);
      this.#machines.set(id, { id, digest, phase: 'pending', sinceMs: nowMs, nextMs, next: 'booting' });
      this.started++;
    }
  }

  stop(id: string, nowMs: number): string {
    const machine = this.#machines.get(id);
    if (machine === undefined) throw new RangeError(`There is no machine ${id}`);
    this.#change(machine, 'draining', nowMs);
    return machine.digest;
  }

  /** Lets happen what happens in this time. */
  pass(nowMs: number, seconds: number): void {
    const hazard = (this.#world.interruptedHourly * seconds) / 3600;
    for (const machine of this.#machines.values()) {
      if (machine.phase === 'healthy' && this.#random() < hazard) {
        this.interrupted++;
        this.#machines.delete(machine.id);
        continue;
      }
      while (machine.nextMs <= nowMs && machine.phase !== 'gone') this.#change(machine, machine.next, machine.nextMs);
      if (machine.phase === 'gone') this.#machines.delete(machine.id);
    }
  }

  #change(machine: Simulated, phase: Phase, nowMs: number): void {
    const { bootSeconds, slowShare, failShare, newFailShare, newSickShare, newSickSeconds, drainSeconds } = this.#world;
    Object.assign(machine, { phase, sinceMs: nowMs, nextMs: Infinity });
    const isNew = machine.digest === NEW;
    if (phase === 'booting') {
      const slowness = this.#random() < slowShare ? 10 : 1;
      machine.nextMs = nowMs + this.#between(bootSeconds) * slowness;
      machine.next = this.#random() < (isNew ? newFailShare : failShare) ? 'unhealthy' : 'healthy';
    } else if (phase === 'healthy' && isNew && this.#random() < newSickShare) {
      machine.nextMs = nowMs + this.#between([0, newSickSeconds]);
      machine.next = 'unhealthy';
    } else if (phase === 'draining') {
      machine.nextMs = nowMs + drainSeconds * 1000;
      machine.next = 'gone';
    }
  }

  #between([from, to]: readonly [number, number]): number {
    return Math.round((from + this.#random() * (to - from)) * 1000);
  }

  #newId(): string {
    return `machine-${String(this.#next++).padStart(7, '0')}`;
  }
}
