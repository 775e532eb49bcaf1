import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { skipAllBecause } from '../skip.js';
import { killAll, providersOf, until } from './processes.js';
import { Project } from './project.js';

const UP = ['up', '--yes', '--skip-preview'];

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

  test.each<[string, () => Promise<unknown>]>([
    ['it has started the provider', async () => until(provider, 'a provider')],
    ['a machine has begun', async () => until(async () => (await project.machines()).length > 0, 'a machine')],
    ['the machine runs', async () => until(async () => (await running()) > 0, 'a machine that runs')],
  ])('when %s, at first: the next up converges', async (_name, moment) => {
    await killedUp(moment);
    await converges();
    await project.run(['destroy', '--yes', '--skip-preview']);
    expect(await project.machines()).toEqual([]);
  });

  // A destroy in the place of that up does not run the program: a machine that no state knows yet is then left to
  // `ingot ps` and `ingot stop` (ARCHITECTURE.md, "A replacement").
  test('when the new machine runs beside the old one: the next up converges, and destroy leaves nothing', async () => {
    await converges();
    await change();
    await killedUp(() => until(async () => (await running()) > 1, 'a new machine that runs'));
    await converges();
    const { code, text } = await project.run(['destroy', '--yes', '--skip-preview']);
    expect(code, text).toBe(0);
    expect(await project.machines()).toEqual([]);
  });

  async function killedUp(moment: () => Promise<unknown>): Promise<void> {
    const backend = join(project.directory, '.state/backend');
    await cp(backend, `${backend}-before`, { recursive: true });
    const up = project.start(UP);
    await Promise.race([moment(), up.outcome]);
    up.process.kill('SIGKILL');
    await up.outcome;
    // The engine's own file may be cut off where it was just being written; people then take the copy before it.
    if ((await project.run(['stack', 'export'])).code !== 0) {
      await rm(backend, { recursive: true });
      await cp(`${backend}-before`, backend, { recursive: true });
    }
    await rm(`${backend}-before`, { recursive: true });
    await project.run(['cancel', '--yes']);
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
