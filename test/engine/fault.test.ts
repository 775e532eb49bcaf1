import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask } from '../ask.js';
import { skipAllBecause } from '../skip.js';
import { gatedQuickstart, halfRequest, NEVER_HEALTHY } from './gates.js';
import { during, kill, killAll, providersOf, until } from './processes.js';
import type { MachineOnRecord, Project } from './project.js';

const UP = ['up', '--yes', '--skip-preview'];

/** What is killed under the engine; then `up` again, and nothing is left of what was begun. */
describe('a process that is killed', () => {
  skipAllBecause(process.platform === 'linux' ? undefined : 'processes are found as Linux shows them');
  let project: Project;
  let port: number;
  beforeAll(async () => {
    project = await gatedQuickstart();
    port = await project.choosePort();
  });
  afterAll(() => project.remove());

  test('the provider, while a machine boots', async () => {
    const running = project.start(UP, NEVER_HEALTHY);
    await during(running, booting, 'a machine that boots');
    killAll(await providersOf(project));
    expect((await running.outcome).code, running.text()).not.toBe(0);
    await converges('Hello');
  });

  test('the engine, while a machine boots: the provider undoes what it has begun, and ends', async () => {
    await project.run(['destroy', '--yes', '--skip-preview']);
    const running = project.start(UP, NEVER_HEALTHY);
    await during(running, booting, 'a machine that boots');
    running.process.kill('SIGKILL');
    await running.outcome;
    await until(async () => (await providersOf(project)).length === 0, 'the end of the provider');
    expect(await project.machines()).toEqual([]);
    await project.run(['cancel', '--yes']);
    await converges('Hello');
  });

  test('the machine, while it boots', async () => {
    const before = (await project.machineFiles()).map(({ id }) => id);
    await project.write('page/index.html', 'Hello again\n');
    const running = project.start(UP, NEVER_HEALTHY);
    const { process: qemu } = await during(running, () => booting(before), 'a machine that boots');
    await kill(qemu?.pid);
    const { code, text } = await running.outcome;
    expect(code, text).not.toBe(0);
    expect(text).toMatch(/Cannot start a machine from image [0-9a-f]+: it ended by itself \(QEMU: signal SIGKILL\)/);
    const [, diagnostics = ''] = text.split('Diagnostics:');
    expect(diagnostics.match(/it ended by itself/g), text).toHaveLength(1);
    expect(text).not.toMatch(/on garbage collection/);
    expect(text, 'no stack traces').not.toMatch(/^\s+at .*\.js:\d+/m);
    // The old one serves on.
    expect((await project.machineFiles()).map(({ id }) => id)).toEqual(before);
    expect(await page()).toContain('Hello');
  });

  test('the provider, while the old machine ends', async () => {
    await project.write('page/index.html', 'Hello again, from the next\n');
    const [old] = await project.machines();
    // It is not ended before this is.
    const held = await halfRequest(project, port);
    try {
      const running = project.start(UP);
      // The engine has been told of the new one, and has the old one deleted.
      await during(running, async () => /delet/.test(running.text()), 'the old machine is deleted');
      killAll(await providersOf(project));
      expect((await running.outcome).code, running.text()).not.toBe(0);
      expect(await project.machines()).toContain(old);
    } finally {
      held.destroy();
    }
    await converges('Hello again, from the next');
  });

  test('the machine, while it serves: refresh tells, and up mends it', async () => {
    const [machine] = await project.machineFiles();
    await kill(machine?.process?.pid);
    const refreshed = await project.run(['refresh', '--yes', '--skip-preview']);
    expect(refreshed.code, refreshed.text).toBe(0);
    expect(refreshed.text).toMatch(/- .*local\.Instance.*web.*deleted|1 deleted/s);
    await converges('Hello again');
  });

  async function booting(others: readonly string[] = []): Promise<MachineOnRecord | undefined> {
    const machines = await project.machineFiles();
    return machines.find(({ id, stage, process }) => !others.includes(id) && stage === 'starting' && process);
  }

  async function converges(wanted: string): Promise<void> {
    const { code, text } = await project.up();
    expect(code, text).toBe(0);
    expect(await page()).toContain(wanted);
    expect(await project.machines()).toHaveLength(1);
    const again = await project.run([...UP, '--expect-no-changes']);
    expect(again.code, again.text).toBe(0);
  }

  async function page(): Promise<string> {
    return (await ask(`http://127.0.0.1:${port}`)).text;
  }
});
