import { type Clock, type Engine, MachineFailure } from './engine.js';
import type { Failure, ObservedMachine } from './observed.js';
import { type Step, UNHEALTHY } from './plan.js';

/** Machines change by themselves, too. */
const LOOK_AGAIN_MS = 2000;

/** A machine that is being started or stopped here. */
interface Task {
  readonly kind: 'start' | 'stop';
  readonly digest: string;
  readonly sinceMs: number;
  readonly controller: AbortController;
  /** The machine's, as soon as it has one. */
  id: string;
  began: boolean;
  /** Whether a start is not wanted any more. */
  given: boolean;
  end?: { readonly error?: unknown };
  promise?: Promise<void>;
}

/** Starts and stops that go on at the same time. Each stands for its machine until the next observation begins. */
export class Work {
  readonly failures: Failure[] = [];
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #tasks = new Set<Task>();
  #wake = new AbortController();
  #count = 0;

  constructor(engine: Engine, { clock, signal }: { clock: Clock; signal: AbortSignal }) {
    this.#engine = engine;
    this.#clock = clock;
    this.#signal = signal;
  }

  /** Forgets what has ended: an observation from now on shows it. @throws what the engine has thrown. */
  reap(): void {
    this.#wake = new AbortController();
    for (const task of this.#tasks) {
      if (task.end === undefined) continue;
      this.#tasks.delete(task);
      const { error } = task.end;
      if (error === undefined || task.given) continue;
      if (!(error instanceof MachineFailure)) throw error;
      this.failures.push({ digest: task.digest, reason: error.message });
    }
  }

  /** What is seen, with what is going on here. */
  merge(seen: readonly ObservedMachine[]): ObservedMachine[] {
    const machines = new Map(seen.map((machine) => [machine.id, machine]));
    for (const { kind, id, digest, sinceMs, began, given } of this.#tasks) {
      const phase = kind === 'stop' || given ? 'draining' : began ? 'booting' : 'pending';
      machines.set(id, { id, digest, phase, sinceMs });
    }
    return [...machines.values()];
  }

  /** Goes on with what an earlier drive began to stop. */
  resume(machines: readonly ObservedMachine[]): void {
    const known = new Set([...this.#tasks].map(({ id }) => id));
    for (const machine of machines) {
      if (machine.phase === 'draining' && !known.has(machine.id)) this.#stop(machine);
    }
  }

  take(step: Step, machines: readonly ObservedMachine[]): void {
    if (step.do === 'start') {
      for (let i = 0; i < step.count; i++) this.#start(step.digest);
    } else if (step.do === 'stop') {
      const task = [...this.#tasks].find(({ id }) => id === step.machine);
      if (task !== undefined) {
        task.given = true;
        task.controller.abort(new Error('It is not wanted any more'));
        return;
      }
      const machine = machines.find(({ id }) => id === step.machine);
      if (machine === undefined) return;
      if (step.why === 'unhealthy') this.failures.push({ digest: machine.digest, reason: UNHEALTHY });
      this.#stop(machine);
    }
  }

  /** Resolves when something here has ended, the time has come, or it is time to look again. */
  async change(untilMs: number | undefined): Promise<void> {
    const leftMs = untilMs === undefined ? LOOK_AGAIN_MS : Math.max(1, untilMs - this.#clock.nowMs());
    await this.#clock.sleep(Math.min(LOOK_AGAIN_MS, leftMs), AbortSignal.any([this.#signal, this.#wake.signal]));
  }

  /** Waits for all that still goes on. */
  async settle(): Promise<void> {
    await Promise.all([...this.#tasks].map(({ promise }) => promise));
  }

  /** Ends all that still goes on, and waits for it. */
  async end(): Promise<void> {
    for (const { controller } of this.#tasks) controller.abort(new Error('The roll-out has ended'));
    await this.settle();
  }

  #start(digest: string): void {
    const task = this.#task('start', { id: `start-${this.#count++}`, digest });
    const began = (id: string): void => {
      task.id = id;
      task.began = true;
    };
    this.#run(task, (signal) => this.#engine.start(digest, { signal, began }));
  }

  #stop({ id, digest }: ObservedMachine): void {
    this.#run(this.#task('stop', { id, digest }), (signal) => this.#engine.stop(id, { signal }));
  }

  #task(kind: Task['kind'], { id, digest }: { id: string; digest: string }): Task {
    const sinceMs = this.#clock.nowMs();
    const task: Task = { kind, id, digest, sinceMs, controller: new AbortController(), began: false, given: false };
    this.#tasks.add(task);
    return task;
  }

  #run(task: Task, work: (signal: AbortSignal) => Promise<void>): void {
    const signal = AbortSignal.any([this.#signal, task.controller.signal]);
    const end = (end: NonNullable<Task['end']>): void => {
      task.end = end;
      this.#wake.abort();
    };
    task.promise = work(signal).then(
      () => end({}),
      (error) => end({ error: error ?? new Error('unknown') }),
    );
  }
}
