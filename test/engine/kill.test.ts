import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort, Project } from './project.js';

const MINUTES = 60_000;

/** Milliseconds after which the engine is killed: while it checks, builds, boots, and takes over or deletes. */
const MOMENTS = [700, 2500, 5000, 9000];

/** SIGKILL at any moment, of the engine and then of everything that it started; and then `up` again. */
describe('an engine that is killed', () => {
  let project: Project;
  let port: number;
  beforeAll(async () => {
    project = await Project.create('quickstart');
    port = await freePort();
    await project.run(['config', 'set', 'port', String(port)]);
  });
  afterAll(() => project.remove(), 2 * MINUTES);

  /** Kills the engine; the provider and QEMU are left to themselves, as after a crash. */
  async function killedUp(afterMs: number): Promise<void> {
    const running = project.start(['up', '--yes', '--skip-preview']);
    await Promise.race([sleep(afterMs), running.outcome]);
    running.process.kill('SIGKILL');
    await running.outcome;
    await project.run(['cancel', '--yes']);
  }

  test.each(MOMENTS)(
    'after %i ms of the first up: the next one converges',
    { timeout: 4 * MINUTES },
    async (afterMs) => {
      await killedUp(afterMs);
      await converges();
      await project.run(['destroy', '--yes', '--skip-preview']);
      expect(await project.machines()).toEqual([]);
    },
  );

  test('in the middle of a replacement: the next one converges, and the page is the new one', {
    timeout: 5 * MINUTES,
  }, async () => {
    await converges();
    for (const [round, afterMs] of [3000, 8000].entries()) {
      await project.write('page/index.html', `Hello from an immutable machine, round ${round}\n`);
      await killedUp(afterMs);
      await converges();
      expect(await page()).toContain(`round ${round}`);
    }
  });

  async function converges(): Promise<void> {
    const { code, text } = await project.up();
    expect(code, text).toBe(0);
    expect(await page()).toContain('Hello from an immutable machine');
    // What the killed one had begun is gone.
    expect(await project.machines()).toHaveLength(1);
    const again = await project.run(['up', '--yes', '--skip-preview', '--expect-no-changes']);
    expect(again.code, again.text).toBe(0);
  }

  async function page(): Promise<string> {
    return (await fetch(`http://127.0.0.1:${port}`)).text();
  }
});
