import { cp, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { Project } from './project.js';

const ROOT = join(__dirname, '../..');
const QUICKSTART = join(ROOT, 'examples/quickstart');
/** What sets a runner up; here it is set up already. */
const SET_UP = /^(npm ci|sudo apt-get .*)$/;

interface Workflow {
  readonly on: Record<string, unknown>;
  readonly defaults: { readonly run: { readonly shell: string } };
  readonly jobs: Record<string, { readonly if: string; readonly steps: readonly Step[] }>;
}
interface Step {
  readonly uses?: string;
  readonly name?: string;
  readonly run?: string;
}

/** The workflow in docs/ci.md, with the program beside it: its commands in their order, on an empty disk. */
describe('the workflow in docs/ci.md', () => {
  let project: Project;
  let workflow: Workflow;

  beforeAll(async () => {
    const text = await readFile(join(ROOT, 'docs/ci.md'), 'utf8');
    const block = (file: string): string => {
      const [, found] = new RegExp(`^\`\`\`\\w+ file=${file}\\n([\\s\\S]*?)^\`\`\``, 'm').exec(text) ?? [];
      if (found === undefined) throw new Error(`docs/ci.md has no ${file}`);
      return found;
    };
    workflow = parse(block('\\S+\\.yml')) as Workflow;
    const [program, probes] = [block('index.ts'), 'probes: [{ http: { port: 80 } }] }'];
    expect(program).toContain(probes);
    // However slow the host is, the image has the time to pass.
    const patient = program.replace(probes, 'probes: [{ http: { port: 80 } }], timeoutSeconds: 3600 }');
    project = await Project.create({ 'index.ts': patient });
    await cp(join(QUICKSTART, 'web.yml'), join(project.directory, 'web.yml'));
    await mkdir(join(project.directory, 'page'));
    await cp(join(QUICKSTART, 'page/index.html'), join(project.directory, 'page/index.html'));
  });
  afterAll(() => project.remove());

  /** Runs the steps of a job as a runner does: each in a shell of its own, until one fails. */
  async function run(job: string): Promise<string> {
    let said = '';
    for (const { run: script } of workflow.jobs[job]?.steps ?? []) {
      if (script === undefined || SET_UP.test(script.trim())) continue;
      const { code, text } = await project.shell(script, {
        ...{ STACK: 'test', IMAGE_POOL: join(project.directory, 'pool'), INGOT_ACCELERATOR: 'tcg' },
        INGOT_CACHE: join(project.directory, '.state/cache'),
        GITHUB_STEP_SUMMARY: join(project.directory, 'summary.md'),
      });
      said += text;
      if (code !== 0) throw new Error(`exit code ${code} of\n${script}\n${said}`);
    }
    return said;
  }

  test('has a job for pull requests and one for what is merged', () => {
    expect(Object.keys(workflow.on)).toEqual(['pull_request', 'push']);
    expect(workflow.defaults.run.shell).toBe('bash');
    const names = Object.entries(workflow.jobs).map(([job, { steps }]) => [
      job,
      ...steps.flatMap(({ name }) => name ?? []),
    ]);
    expect(names).toEqual([
      ['preview', 'The lock file fits the spec', 'The spec is sound', 'Preview'],
      ['up', 'The lock file fits the spec', 'Boot test, and up', 'The cache keeps to its size'],
    ]);
    const [, ...setUp] = Object.values(workflow.jobs).flatMap(({ steps }) => steps.flatMap(({ uses }) => uses ?? []));
    expect(setUp).toContain('pulumi/actions@v6');
  });

  test('the lock check fails where there is no lock file, and names what writes it', async () => {
    await expect(run('preview')).rejects.toThrow(/exit code \d+ of\n.*lock --check[\s\S]*ingot lock web\.yml/);
    const locked = await project.shell('ingot lock web.yml', { INGOT_CACHE: join(project.directory, '.state/cache') });
    expect(locked.code, locked.text).toBe(0);
  });

  test('the job of a pull request shows what would change, also in its summary', async () => {
    const text = await run('preview');
    expect(text).toMatch(/4 to create|3 to create/);
    const summary = await readFile(join(project.directory, 'summary.md'), 'utf8');
    expect(summary).toMatch(/^```diff\n[\s\S]*lighttpd[\s\S]*```\n$/);
  });

  test('the other one boots the image once, and publishes it', async () => {
    expect(await run('up')).toMatch(/4 created/);
    const { file, digest } = JSON.parse(await project.output('ref'));
    expect(file).toContain(digest.slice(7, 19));
    expect((await project.resource('ingot:BootTest::web')).outputs).toMatchObject({ accelerator: 'tcg', digest });
    expect(await project.machines()).toEqual([]);
    expect(await run('up'), 'nothing is done twice').toMatch(/4 unchanged/);
  });
});
