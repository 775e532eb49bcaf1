import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask } from '../ask.js';
import { freePort } from '../free-port.js';
import { Project } from './project.js';

/** Of a machine that is late. */
const NOT_YET = /does not answer|refuses connections|is not ready|not come to its end|not say that it is ready/;
const CONFIGURATION = { run: ['lighttpd', '-tt', '-f', '/etc/web/lighttpd.conf'], in: 'web' };

/** An image that must pass a boot test before a machine is replaced, on the real engine. */
describe('a boot test', () => {
  let project: Project;
  let port: number;

  const program = (text: string, command: object = CONFIGURATION, seconds = 3600) => `
import * as ingot from 'pulumi-ingot';
const image = new ingot.Image('web', { spec: 'web.yml' });
const probes = [{ http: { port: 80, body: ${JSON.stringify(text)} } }, { command: ${JSON.stringify(command)} }];
const passed = new ingot.BootTest('web', { image, probes, timeoutSeconds: ${seconds} });
const health = { http: { port: 80 }, timeoutSeconds: 3600 };
new ingot.local.Instance('web', { image: passed, ports: [{ host: ${port}, guest: 80 }], health });
export const seconds = passed.bootSeconds;
`;

  beforeAll(async () => {
    project = await Project.create('quickstart');
    port = await freePort();
    await project.write('index.ts', program('Hello from'));
  });
  afterAll(() => project.remove());

  /** What is told of an update that fails; where the machine has not come to the probes by then, with more time. */
  async function fails(text: string, command: object = CONFIGURATION): Promise<string> {
    for (let seconds = 15; ; seconds *= 2) {
      await project.write('index.ts', program(text, command, seconds));
      const outcome = await project.up();
      expect(outcome.code, outcome.text).not.toBe(0);
      expect(outcome.text).toMatch(/not healthy within \d+ s: /);
      if (seconds === 60 || !NOT_YET.test(outcome.text)) return outcome.text;
    }
  }

  test('up() boots the image once, and only then the machine', async () => {
    const { code, text } = await project.up();
    expect(code, text).toBe(0);
    expect(JSON.parse(await project.output('seconds'))).toMatchObject({ healthy: expect.any(Number) });
    expect(await project.machines()).toHaveLength(1);
    expect((await ask(`http://127.0.0.1:${port}`)).status).toBe(200);
  });

  test('up() changes nothing where nothing has changed', async () => {
    const { code, text } = await project.run(['up', '--yes', '--skip-preview', '--expect-no-changes']);
    expect(code, text).toBe(0);
  });

  test('up() fails where a probe fails, and the machine stays as it is', async () => {
    const { pid } = (await project.resource('ingot:local.Instance::web')).outputs;
    await project.write('page/index.html', 'Something else\n');
    expect(await fails('Hello from')).toMatch(/ s: HTTP on port 80\/: its answer has no "Hello from" in it/);
    expect((await project.resource('ingot:local.Instance::web')).outputs.pid).toBe(pid);
    expect(await project.machines()).toHaveLength(1);
    expect((await ask(`http://127.0.0.1:${port}`)).text).toContain('Hello from');
  });

  test('up() rolls on once the image passes', async () => {
    await project.write('index.ts', program('Something else'));
    const { code, text } = await project.up();
    expect(code, text).toBe(0);
    expect((await ask(`http://127.0.0.1:${port}`)).text).toContain('Something else');
  });

  test('preview() refuses a command in a service that is not there', async () => {
    await project.write('index.ts', program('Something else', { ...CONFIGURATION, in: 'wbe' }));
    const { code, text } = await project.preview();
    expect(code, text).not.toBe(0);
    expect(text).toContain('[1].command: the image has no service wbe; did you mean web?');
  });

  test('up() boots an image again that is asked another command, and tells what that printed', async () => {
    const missing = { run: ['lighttpd', '-tt', '-f', '/etc/web/none.conf'], in: 'web' };
    const text = await fails('Something else', missing);
    expect(text).toMatch(
      / s: command "lighttpd -tt -f .*none.conf" in web: it exited with status \d+, not 0; what .* ends with:/,
    );
    expect(text).toMatch(/^ +\| .*none\.conf/m);
  });
});
