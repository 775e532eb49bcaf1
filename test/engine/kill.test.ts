import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { skipAllBecause } from '../skip.js';
import { killableUp } from './killed-engine.js';
import { killAll, providersOf, seenBefore, until } from './processes.js';
import { Project } from './project.js';

const UP = ['up', '--yes', '--skip-preview'];
const TRIES = 5;

/**
 * SIGKILL of the engine, at moments that show from outside; and then `up` again. The provider and QEMU are left to
 * themselves, as after a crash.
 */
describe('an engine that is killed', () => {
  skipAllBecause(process.platform === 'linux' ? undefined : 'processes are found as Linux shows them');
  let project: Project;
  let port: number;
  let round = 0;
  beforeAll(async () => {
    project = await Project.create('quickstart');
    port = await project.choosePort();
  });
  afterAll(() => project.remove());

  test.each<[string, () => Promise<boolean>]>([
    ['it has started the provider', () => provider()],
    ['a machine has begun', async () => (await project.machines()).length > 0],
    ['the machine runs', async () => (await running()) > 0],
  ])('when %s, at first: the next up converges', async (_name, moment) => {
    const destroy = () => project.run(['destroy', '--yes', '--skip-preview']);
    await killedUp(moment, destroy);
    await converges();
    await destroy();
    expect(await project.machines()).toEqual([]);
  });

  // A destroy in the place of that up does not run the program: a machine that no state knows yet is then left to
  // `ingot ps` and `ingot stop` (ARCHITECTURE.md, "A replacement").
  test('when the new machine runs beside the old one: the next up converges, and destroy leaves nothing', async () => {
    await converges();
    await change();
    await killedUp(async () => (await running()) > 1, change);
    await converges();
    const { code, text } = await project.run(['destroy', '--yes', '--skip-preview']);
    expect(code, text).toBe(0);
    expect(await project.machines()).toEqual([]);
  });

  /** Kills the engine of an update at a moment. Where it was over before that was seen, `again` has there be another one. */
  async function killedUp(moment: () => Promise<boolean>, again: () => Promise<unknown>): Promise<void> {
    for (let tries = 1; ; tries++) {
      const up = await killableUp(project);
      const isHit = await seenBefore(up.outcome, moment);
      await up.kill();
      if (isHit) break;
      if (tries === TRIES) throw new Error(`The moment has passed ${TRIES} times before anybody saw it`);
      await again();
    }
    // It undoes what it has begun, or finishes it. (One that has not been asked for anything yet does not know us.)
    await until(async () => (await starting()) === 0, 'the end of what was begun');
    killAll(await providersOf(project));
  }

  async function change(): Promise<void> {
    round++;
    await project.write('page/index.html', `Hello from an immutable machine, round ${round}\n`);
  }

  async function converges(): Promise<void> {
    const { code, text } = await project.up();
    expect(code, text).toBe(0);
    const page = await (await fetch(`http://127.0.0.1:${port}`)).text();
    expect(page).toContain(round === 0 ? 'Hello from an immutable machine' : `round ${round}\n`);
    // What the killed one had begun is gone.
    expect(await project.machines()).toHaveLength(1);
    const again = await project.run([...UP, '--expect-no-changes']);
    expect(again.code, again.text).toBe(0);
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
