import { describe, expect, test } from 'vitest';
import { RolloutStrategy } from '../../model/rollout.js';
import { DriveError, type DriveRequest, drive } from './drive.js';
import { type Clock, type Engine, MachineFailure } from './engine.js';
import type { ObservedMachine, Phase } from './observed.js';

/** Time that passes only when everybody waits. */
class FakeClock implements Clock {
  #nowMs = 0;
  readonly #timers = new Set<{ readonly atMs: number; readonly fire: () => void }>();
  #settling: NodeJS.Immediate | undefined;

  nowMs(): number {
    return this.#nowMs;
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const timer = { atMs: this.#nowMs + ms, fire: () => done() };
      const done = (): void => {
        this.#timers.delete(timer);
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#timers.add(timer);
      signal.addEventListener('abort', done);
      this.#settle();
    });
  }

  #settle(): void {
    if (this.#settling !== undefined) clearImmediate(this.#settling);
    this.#settling = setImmediate(() => {
      this.#settling = undefined;
      const [next] = [...this.#timers].sort((a, b) => a.atMs - b.atMs);
      if (next === undefined) return;
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.fire();
      this.#settle();
    });
  }
}

const BOOT_MS = 7000;
const DRAIN_MS = 3000;

class FakeEngine implements Engine {
  readonly clock = new FakeClock();
  readonly machines = new Map<string, { digest: string; phase: Phase; sinceMs: number }>();
  /** What becomes of a machine of that digest. */
  readonly fate: Record<string, 'fails' | 'host fails' | 'goes bad'> = {};
  readonly log: string[] = [];
  least = Infinity;
  #next = 0;

  constructor(text: string) {
    for (const digest of text) this.#add(digest, 'healthy');
  }

  async observe(): Promise<ObservedMachine[]> {
    const now = this.clock.nowMs();
    for (const machine of this.machines.values()) {
      if (this.fate[machine.digest] === 'goes bad' && now - machine.sinceMs > 4000) machine.phase = 'unhealthy';
    }
    return [...this.machines]
      .filter(([, { phase }]) => phase !== 'booting')
      .map(([id, machine]) => ({ id, ...machine }));
  }

  async start(digest: string, { signal, began }: { signal: AbortSignal; began: (id: string) => void }): Promise<void> {
    this.log.push(`+${digest}`);
    const id = this.#add(digest, 'booting');
    began(id);
    await this.clock.sleep(BOOT_MS, signal);
    const fate = this.fate[digest];
    if (signal.aborted || fate === 'fails' || fate === 'host fails') {
      this.machines.delete(id);
      if (signal.aborted) throw new Error('aborted');
      throw fate === 'fails' ? new MachineFailure('it answers HTTP 404') : new Error('the host is full');
    }
    this.machines.set(id, { digest, phase: 'healthy', sinceMs: this.clock.nowMs() });
  }

  async stop(id: string, { signal }: { signal: AbortSignal }): Promise<void> {
    const machine = this.machines.get(id);
    if (machine === undefined) return;
    this.log.push(`-${machine.digest}`);
    machine.phase = 'draining';
    this.least = Math.min(this.least, this.healthy());
    await this.clock.sleep(DRAIN_MS, signal);
    if (signal.aborted) throw new Error('aborted');
    this.machines.delete(id);
  }

  healthy(): number {
    return [...this.machines.values()].filter(({ phase }) => phase === 'healthy').length;
  }

  /** Their digests, sorted. */
  text(): string {
    return [...this.machines.values()]
      .map(({ digest }) => digest)
      .sort()
      .join('');
  }

  #add(digest: string, phase: Phase): string {
    const id = `${digest}${this.#next++}`;
    this.machines.set(id, { digest, phase, sinceMs: this.clock.nowMs() });
    return id;
  }
}

function roll(
  engine: FakeEngine,
  given: Omit<Partial<DriveRequest>, 'strategy'> & { strategy?: Partial<RolloutStrategy> } = {},
) {
  const { strategy, ...rest } = given;
  const controller = new AbortController();
  const words: string[] = [];
  const request = {
    ...{ wanted: { digest: 'B', count: 3 }, previous: 'A', rejected: [], ...rest },
    strategy: RolloutStrategy.parse(strategy ?? {}),
  };
  const progress = ({ step }: { step: string }): void => void words.push(step);
  const result = drive(request, engine, { clock: engine.clock, signal: controller.signal, progress });
  return { result, words, controller };
}

describe('drive()', () => {
  test('makes a new fleet, all machines at once', async () => {
    const engine = new FakeEngine('');
    const { result } = roll(engine, { previous: undefined });
    expect(await result).toEqual({ outcome: 'done', rejected: [] });
    expect(engine.text()).toBe('BBB');
    expect(engine.clock.nowMs()).toBe(BOOT_MS);
  });

  test('replaces one machine after the other, and says how far it is', async () => {
    const engine = new FakeEngine('AAA');
    const { result, words } = roll(engine);
    expect((await result).outcome).toBe('done');
    expect(engine.log.join(' ')).toBe('+B -A +B -A +B -A');
    expect(engine.least).toBe(3);
    expect(engine.clock.nowMs()).toBe(3 * (BOOT_MS + DRAIN_MS));
    expect(words[0]).toBe('0 of 3 machines new and healthy, 1 starting');
    expect(words).toContain('2 of 3 machines new and healthy, 1 ending');
  });

  test('goes back where a machine fails, with all old machines serving', async () => {
    const engine = new FakeEngine('AAA');
    engine.fate.B = 'fails';
    const rejected = [{ digest: 'B', reason: 'it answers HTTP 404' }];
    expect(await roll(engine).result).toEqual({ outcome: 'failed', reason: 'it answers HTTP 404', rejected });
    expect(engine.log.join(' ')).toBe('+B');
    expect(engine.text()).toBe('AAA');
  });

  test('goes back where machines fail while they bake', async () => {
    const engine = new FakeEngine('AAA');
    engine.fate.B = 'goes bad';
    const { result, words } = roll(engine, { strategy: { canary: 1, bakeSeconds: 10 } });
    expect(await result).toMatchObject({ outcome: 'failed', reason: 'it stopped answering' });
    expect(engine.log.join(' ')).toBe('+B -A -B +A');
    expect(engine.text()).toBe('AAA');
    expect(words).toContain('going back: 2 of 3 machines, 1 starting');
  });

  test('ends starts that go on when it has failed, and leaves nothing of a fleet that never was', async () => {
    const engine = new FakeEngine('');
    engine.fate.B = 'fails';
    expect(await roll(engine, { previous: undefined }).result).toMatchObject({ outcome: 'failed' });
    expect(engine.text()).toBe('');
  });

  test('starts nothing of a digest that was rejected before, and mends the old fleet', async () => {
    const engine = new FakeEngine('AA');
    const rejected = [{ digest: 'B', reason: 'it broke' }];
    expect(await roll(engine, { rejected }).result).toEqual({ outcome: 'failed', reason: 'it broke', rejected });
    expect(engine.log.join(' ')).toBe('+A');
  });

  test('scales', async () => {
    const engine = new FakeEngine('BBB');
    await roll(engine, { previous: 'B', wanted: { digest: 'B', count: 5 } }).result;
    expect(engine.text()).toBe('BBBBB');
    await roll(engine, { previous: 'B', wanted: { digest: 'B', count: 1 } }).result;
    expect(engine.text()).toBe('B');
  });

  test('ends at once and leaves nothing going when it is cancelled; the next one continues', async () => {
    const engine = new FakeEngine('AAA');
    const { result, controller } = roll(engine);
    await engine.clock.sleep(BOOT_MS + DRAIN_MS + 1000, new AbortController().signal);
    controller.abort(new Error('Ctrl-C'));
    await expect(result).rejects.toThrow(/it was cancelled/);
    expect(engine.text()).toBe('AAB');
    const stopped = engine.log.length;
    expect((await roll(engine).result).outcome).toBe('done');
    expect(engine.text()).toBe('BBB');
    expect(engine.log.slice(stopped).join(' ')).toBe('+B -A +B -A');
  });

  test('finishes what a cancelled one was ending', async () => {
    const engine = new FakeEngine('BBBB');
    const [last] = [...engine.machines.values()].slice(-1);
    Object.assign(last ?? {}, { phase: 'draining' });
    expect((await roll(engine, { previous: 'B' }).result).outcome).toBe('done');
    expect(engine.text()).toBe('BBB');
  });

  test('throws what is no fault of the machine, and rejects nothing', async () => {
    const engine = new FakeEngine('AAA');
    engine.fate.B = 'host fails';
    const error = await roll(engine).result.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DriveError);
    expect(error).toMatchObject({ message: 'the host is full', rejected: [] });
    expect(engine.text()).toBe('AAA');
  });
});
