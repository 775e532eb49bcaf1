import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask } from '../ask.js';
import { skipAllBecause } from '../skip.js';
import { gatedQuickstart, halfRequest, NEVER_HEALTHY } from './gates.js';
import { killableUp } from './killed-engine.js';
import { during, providersOf, until } from './processes.js';
import type { Project } from './project.js';

const UP = ['up', '--yes', '--skip-preview'];

/**
 * SIGKILL of the engine, at moments that show from outside; and then `up` again. The provider and QEMU are left to
 * themselves, as after a crash.
 */
describe('an engine that is killed', { timeout: 3_600_000 }, () => {
  skipAllBecause(process.platform === 'linux' ? undefined : 'processes are found as Linux shows them');
  let project: Project;
  let port: number;
  let round = 0;
  beforeAll(async () => {
    project = await gatedQuickstart();
    port = await project.choosePort();
  });
  afterAll(() => project.remove());

  test.each<[string, () => Promise<boolean>, Record<string, string>]>([
    ['it has started the provider', () => provider(), NEVER_HEALTHY],
    ['a machine has begun', async () => (await project.machines()).length > 0, NEVER_HEALTHY],
    // Stays, also where the update has come to its end by then.
    ['the machine runs', async () => (await running()) > 0, {}],
  ])('when %s, at first: the next up converges', async (_name, moment, environment) => {
    await killedUp(moment, environment);
    await converges();
    await project.run(['destroy', '--yes', '--skip-preview']);
    await remain(0);
  });

  // A destroy in the place of that up does not run the program: a machine that no state knows yet is then left to
  // `ingot ps` and `ingot stop` (ARCHITECTURE.md, "A replacement").
  test('when the new machine runs beside the old one: the next up converges, and destroy leaves nothing', async () => {
    await converges();
    await change();
    // The old one stays beside the new one for as long as that is there.
    const held = await halfRequest(project, port);
    try {
      await killedUp(async () => (await running()) > 1);
    } finally {
      held.destroy();
    }
    await converges();
    const { code, text } = await project.run(['destroy', '--yes', '--skip-preview']);
    expect(code, text).toBe(0);
    expect(await project.machines()).toEqual([]);
  });

  /** Kills the engine of an update at a moment. */
  async function killedUp(
    moment: () => Promise<boolean>,
    environment: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const up = await killableUp(project, environment);
    await during(up, moment, 'the moment in which the engine is killed');
    await up.kill();
    // What runs the resources undoes what it has begun, or finishes it. (One that has not been asked for anything yet does
    // not know us, and is left.)
    await until(async () => (await starting()) === 0, 'the end of what was begun');
  }

  async function change(): Promise<void> {
    round++;
    await project.write('page/index.html', `Hello from an immutable machine, round ${round}\n`);
  }

  async function converges(): Promise<void> {
    const { code, text } = await project.up();
    expect(code, text).toBe(0);
    const page = (await ask(`http://127.0.0.1:${port}`)).text;
    expect(page).toContain(round === 0 ? 'Hello from an immutable machine' : `round ${round}\n`);
    await remain(1);
    const again = await project.run([...UP, '--expect-no-changes']);
    expect(again.code, again.text).toBe(0);
  }

  /** What the killed one was just about to begin it undoes by itself. */
  async function remain(count: number): Promise<void> {
    await until(async () => (await project.machines()).length === count, `a host with ${count} of our machines`);
  }

  async function provider(): Promise<boolean> {
    return (await providersOf(project)).length > 0;
  }

  async function running(): Promise<number> {
    return (await project.machineFiles()).filter(({ stage }) => stage === 'running').length;
  }

  async function starting(): Promise<number> {
    return (await project.machineFiles()).filter(({ stage }) => stage === 'starting').length;
  }
});
