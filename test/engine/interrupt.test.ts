import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask } from '../ask.js';
import { gatedQuickstart, NEVER_HEALTHY } from './gates.js';
import { during } from './processes.js';
import type { Project } from './project.js';

describe('Ctrl-C', () => {
  let project: Project;
  let port: number;
  beforeAll(async () => {
    project = await gatedQuickstart();
    port = await project.choosePort();
  });
  afterAll(() => project.remove());

  test('up() ends a machine that is being started, and says that it was cancelled', async () => {
    // It would be waited for for hours: that this comes to an end at all is the engine's being heard.
    const running = project.start(['up', '--yes', '--skip-preview'], NEVER_HEALTHY);
    await during(running, async () => (await project.machines()).length > 0, 'a machine that is started');
    running.process.kill('SIGINT');
    const { code, text } = await running.outcome;
    expect(code, text).not.toBe(0);
    expect(text).toMatch(/Cannot start a machine from image [0-9a-f]+: it was cancelled/);
    expect(await project.machines()).toEqual([]);
    await expect(ask(`http://127.0.0.1:${port}`)).rejects.toThrow();
  });

  test('up() then does what was left', async () => {
    const { code, text } = await project.up();
    expect(code, text).toBe(0);
    expect((await ask(`http://127.0.0.1:${port}`)).status).toBe(200);
    expect(await readdir(join(project.stateDirectory, 'machines'))).toHaveLength(1);
  });
});
