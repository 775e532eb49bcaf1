import { stat } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask } from '../ask.js';
import { freePort } from '../free-port.js';
import { Project } from './project.js';

interface Machine {
  readonly id: string;
  readonly digest: string;
}

/**
 * One stack boots an image once, runs a fleet of it and publishes it; another one runs what that has published. Each test
 * goes on where the last one ended.
 */
describe('an image that has passed', { timeout: 2 * 3_600_000 }, () => {
  let project: Project;
  let other: Project;
  let ports: Readonly<Record<'ours' | 'fleet' | 'instance', number>>;

  /** An image that is as it should be has all the time in the world: four times as many seconds where it is emulated. */
  const PATIENT_SECONDS = 300;
  const producer = (body: string, seconds = PATIENT_SECONDS) => `
import * as ingot from 'pulumi-ingot';
const image = new ingot.Image('web', { spec: 'web.yml' });
const probes = [{ http: { port: 80, body: ${JSON.stringify(body)} } }];
const passed = new ingot.BootTest('web', { image, probes, timeoutSeconds: ${seconds} });
new ingot.local.Fleet('web', {
  image: passed, count: 2, ports: [{ host: ${ports.ours}, guest: 80 }],
  health: { http: { port: 80 }, timeoutSeconds: ${PATIENT_SECONDS} },
});
export const ref = new ingot.local.ImageFile('web', { image: passed, directory: 'pool' }).ref;
`;
  const consumer = () => `
import * as pulumi from '@pulumi/pulumi';
import * as ingot from 'pulumi-ingot';
const image = new pulumi.StackReference('organization/project/test').requireOutput('ref') as pulumi.Output<ingot.ImageRef>;
const health = { http: { port: 80 }, timeoutSeconds: ${PATIENT_SECONDS} };
const machine = { image, memoryMiB: 768, health };
const fleet = new ingot.local.Fleet('web', { ...machine, count: 1, ports: [{ host: ${ports.fleet}, guest: 80 }] });
// One after the other: firmware and kernel need a processor each while they are emulated.
const options = { dependsOn: fleet };
new ingot.local.Instance('web', { ...machine, ports: [{ host: ${ports.instance}, guest: 80 }] }, options);
`;
  const page = async (port: number) => (await ask(`http://127.0.0.1:${port}`)).text;
  const machines = async (of: Project) => (await of.resource('local.Fleet::web')).outputs.machines as Machine[];

  beforeAll(async () => {
    ports = { ours: await freePort(), fleet: await freePort(), instance: await freePort() };
    project = await Project.create('quickstart');
    await project.write('index.ts', producer('Hello from'));
    other = await Project.create({ 'index.ts': consumer() }, { beside: project });
  });
  afterAll(async () => {
    await other.remove();
    await project.remove();
  });

  test('is what the machines of a fleet boot', async () => {
    const { code, text } = await project.up();
    expect(code, text).toBe(0);
    const { digest } = (await project.resource('ingot:BootTest::web')).outputs;
    expect((await machines(project)).map((machine) => machine.digest)).toEqual([digest, digest]);
    expect(await page(ports.ours)).toContain('Hello from');
  });

  test('is what machines of another stack boot, by its ref', async () => {
    const { code, text } = await other.up();
    expect(code, text).toBe(0);
    const { digest } = JSON.parse(await project.output('ref'));
    expect(await machines(other)).toMatchObject([{ digest }]);
    expect((await other.resource('local.Instance::web')).outputs.bootedDigest).toBe(digest);
    for (const port of [ports.fleet, ports.instance]) expect(await page(port)).toContain('Hello from');
    const again = await other.run(['up', '--yes', '--skip-preview', '--expect-no-changes']);
    expect(again.code, again.text).toBe(0);
  });

  test('is no image that a probe finds wrong: no fleet rolls to it, and nothing is published', async () => {
    const before = { machines: await machines(project), ref: await project.output('ref') };
    await project.write('page/index.html', 'Another page\n');
    // It takes all of its time. On a busy host the machine may not answer within the first of these.
    for (const seconds of [10, 40, PATIENT_SECONDS]) {
      await project.write('index.ts', producer('Hello from', seconds));
      const { code, text } = await project.up();
      expect(code, text).not.toBe(0);
      if (seconds < PATIENT_SECONDS && /does not answer|refuses connections/.test(text)) continue;
      expect(text).toMatch(/its answer has no "Hello from" in it/);
      break;
    }
    expect({ machines: await machines(project), ref: await project.output('ref') }).toEqual(before);
  });

  test('comes to all machines: a preview of the other stack shows what changes inside', async () => {
    await project.write('index.ts', producer('Another page'));
    const rolled = await project.up();
    expect(rolled.code, rolled.text).toBe(0);
    expect(await page(ports.ours)).toBe('Another page\n');

    const preview = await other.preview();
    expect(preview.code, preview.text).toBe(0);
    expect(preview.text).toMatch(/~ pulumi-nodejs:dynamic\/ingot:local\.Fleet: \(update\)/);
    expect(preview.text).toMatch(/\+-\s*pulumi-nodejs:dynamic\/ingot:local\.Instance: \(replace\)/);
    const lines = preview.text.match(/~ srv\/web\/index\.html\s*: "sha256:\w+ .*" => "sha256:\w+ 13 B 0644"/g);
    // The engine itself tells it of the stack reference, too.
    expect(lines, preview.text).toHaveLength(3);
    const { code, text } = await other.up();
    expect(code, text).toBe(0);
    for (const port of [ports.fleet, ports.instance]) expect(await page(port)).toBe('Another page\n');
  });

  test('leaves nothing when both stacks go', async () => {
    const { file } = JSON.parse(await project.output('ref'));
    for (const one of [other, project]) {
      const { code, text } = await one.run(['destroy', '--yes', '--skip-preview']);
      expect(code, text).toBe(0);
      expect(await one.machines()).toEqual([]);
    }
    await expect(stat(file)).rejects.toThrow(/ENOENT/);
  });
});
