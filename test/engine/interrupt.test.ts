import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from './processes.js';
import { Project } from './project.js';

describe('Ctrl-C', () => {
  let project: Project;
  let port: number;
  beforeAll(async () => {
    project = await Project.create('quickstart');
    port = await project.choosePort();
  });
  afterAll(() => project.remove());

  test('up() ends a machine that is being started, and says that it was cancelled', async () => {
    const running = project.start(['up', '--yes', '--skip-preview']);
    await until(async () => (await project.machines()).length > 0, 'a machine that is started');
    const interrupted = performance.now();
    running.process.kill('SIGINT');
    const { code, text } = await running.outcome;
    expect(code, text).not.toBe(0);
    // The machine has four minutes to get healthy: it was not simply waited for.
    expect(performance.now() - interrupted).toBeLessThan(120_000);
    expect(await project.machines()).toEqual([]);
    await expect(fetch(`http://127.0.0.1:${port}`)).rejects.toThrow();
  });

  test('up() then does what was left', async () => {
    const { code, text } = await project.up();
    expect(code, text).toBe(0);
    expect((await fetch(`http://127.0.0.1:${port}`)).status).toBe(200);
    expect(await readdir(join(project.stateDirectory, 'machines'))).toHaveLength(1);
  });
});
