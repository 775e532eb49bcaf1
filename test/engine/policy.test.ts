import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Outcome, Project } from './project.js';

const ROOT = join(__dirname, '../..');

/** The policy pack of examples/policy, started by the real engine. */
describe('a policy', () => {
  let project: Project;
  let environment: Record<string, string> = {};

  beforeAll(async () => {
    project = await Project.create('policy');
  });
  afterAll(() => project.remove());

  async function preview(): Promise<Outcome> {
    const args = ['preview', '--diff', '--policy-pack', 'policy'];
    const outcome = await project.run(args, environment);
    // The host of Node programs that is built from its Go module starts no policy packs.
    if (!/failed to start.*not supported/s.test(outcome.text)) return outcome;
    environment = await starter(project);
    return project.run(args, environment);
  }

  test('lets an image pass that keeps to it', async () => {
    const { code, text } = await preview();
    expect(code, text).toBe(0);
    expect(text).toMatch(/images.*1\.0\.0/);
  });

  test('blocks a preview that adds a setuid file, a port and a refused package', async () => {
    const spec = await readFile(join(project.directory, 'web.yml'), 'utf8');
    const [, added = ''] =
      /<<'END'\n(.*?)END\n/s.exec(await readFile(join(project.directory, 'README.md'), 'utf8')) ?? [];
    expect(added).toContain('4755');
    await project.write('web.yml', `${spec.replace('port: 80 }', 'port: 8080 }')}${added}`);
    const { code, text } = await preview();
    expect(code, text).not.toBe(0);
    expect(text).toMatch(/no-new-setuid/);
    expect(text).toContain('usr/local/bin/helper is setuid or setgid');
    expect(text).toContain('web opens 8080/tcp; allowed are 80/tcp, 443/tcp');
    expect(text).not.toMatch(/no-refused-packages|no-new-capabilities/);
  });
});

/** Starts policy packs as an engine does whose host of Node programs can: by the SDK's own program. */
async function starter(project: Project): Promise<Record<string, string>> {
  const folder = join(project.directory, '.state/bin');
  const program = join(folder, 'pulumi-analyzer-policy-started');
  const run = require.resolve('@pulumi/pulumi/cmd/run-policy-pack', { paths: [ROOT] });
  await mkdir(folder, { recursive: true });
  await writeFile(program, `#!/bin/sh\nexec node ${run} "$@"\n`);
  await chmod(program, 0o755);
  await project.write('policy/PulumiPolicy.yaml', 'runtime: started\n');
  return { PATH: `${process.env.PATH}${delimiter}${folder}` };
}
