import { type ChildProcess, spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import { freePort } from '../free-port.js';
import { killAll, providersOf } from './processes.js';

const REPOSITORY = resolve(__dirname, '../..');
/** Inside the checkout, so that programs find the workspace's packages. */
const WORK = join(REPOSITORY, 'test/.work');

export interface Outcome {
  readonly code: number | null;
  /** Both streams, in the order in which they came. */
  readonly text: string;
}

export interface Running {
  readonly process: ChildProcess;
  readonly outcome: Promise<Outcome>;
  /** What it has said so far. */
  readonly text: () => string;
}

/**
 * A Pulumi project in a folder of its own, with its own backend, home and machines; only the cache of packages is
 * shared, unless a test says otherwise. Everything runs through the real CLI.
 */
export class Project {
  readonly directory: string;
  readonly #environment: Record<string, string>;

  private constructor(directory: string, environment: Record<string, string>) {
    this.directory = directory;
    this.#environment = environment;
  }

  /**
   * @param example folder under `examples/` to start from, or files by name
   * @param options.beside a project whose backend it shares: then it is called `other`, and finds that one's stack as
   * `organization/project/test`
   */
  static async create(
    example: string | Readonly<Record<string, string>>,
    { beside }: { readonly beside?: Project } = {},
  ): Promise<Project> {
    await mkdir(WORK, { recursive: true });
    const directory = await mkdtemp(join(WORK, 'project-'));
    const name = beside === undefined ? 'project' : 'other';
    if (typeof example === 'string') {
      await cp(join(REPOSITORY, 'examples', example), directory, { recursive: true });
      // As who copies an example has it, but for the name that tests look for.
      const file = await readFile(join(directory, 'Pulumi.yaml'), 'utf8');
      await writeFile(join(directory, 'Pulumi.yaml'), file.replace(/^name: .*$/m, `name: ${name}`));
    } else {
      await writeFile(
        join(directory, 'package.json'),
        JSON.stringify({ name: 'project', private: true, main: 'index.ts' }),
      );
      await writeFile(join(directory, 'Pulumi.yaml'), `name: ${name}\nruntime: nodejs\n`);
      for (const [path, text] of Object.entries(example)) await writeFile(join(directory, path), text);
    }
    await mkdir(join(directory, '.state/backend'), { recursive: true });
    const project = new Project(directory, {
      PULUMI_HOME: join(directory, '.state/home'),
      PULUMI_BACKEND_URL: `file://${(beside ?? { directory }).directory}/.state/backend`,
      PULUMI_CONFIG_PASSPHRASE: '',
      PULUMI_SKIP_UPDATE_CHECK: 'true',
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: 'true',
      PULUMI_NODEJS_TRANSPILE_ONLY: 'true',
      PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS: 'true',
      INGOT_STATE: join(directory, '.state/ingot'),
    });
    const { code, text } = await project.run(['stack', 'init', 'test']);
    if (code !== 0) throw new Error(`Cannot make a stack: ${text}`);
    return project;
  }

  get stateDirectory(): string {
    return join(this.directory, '.state/ingot');
  }

  /** A port that nothing listens on at the moment: from now on the one that its program publishes. */
  async choosePort(): Promise<number> {
    const port = await freePort();
    await this.run(['config', 'set', 'port', String(port)]);
    return port;
  }

  async write(name: string, text: string): Promise<void> {
    await writeFile(join(this.directory, name), text);
  }

  start(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Running {
    return this.#start('pulumi', [...args, '--non-interactive', '--color', 'never'], environment);
  }

  /** Runs what a page says, with `ingot` and `pulumi` on PATH. The first command that fails ends it. */
  shell(script: string, environment: Readonly<Record<string, string>> = {}): Promise<Outcome> {
    const PATH = [join(REPOSITORY, 'node_modules/.bin'), process.env.PATH].join(delimiter);
    return this.#start('bash', ['-euo', 'pipefail', '-c', script], { PATH, ...environment }).outcome;
  }

  #start(command: string, args: readonly string[], environment: Readonly<Record<string, string>>): Running {
    const child = spawn(command, args, {
      cwd: this.directory,
      env: { ...process.env, ...this.#environment, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (data) => (text += data));
    const outcome = new Promise<Outcome>((done, fail) => {
      child.on('error', fail);
      child.on('close', (code) => done({ code, text }));
    });
    return { process: child, outcome, text: () => text };
  }

  run(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Outcome> {
    return this.start(args, environment).outcome;
  }

  preview(environment?: Readonly<Record<string, string>>): Promise<Outcome> {
    return this.run(['preview', '--diff'], environment);
  }

  up(environment?: Readonly<Record<string, string>>): Promise<Outcome> {
    return this.run(['up', '--yes', '--skip-preview'], environment);
  }

  async output(name: string): Promise<string> {
    return (await this.run(['stack', 'output', name])).text.trim();
  }

  /** The state of a resource, by the end of its URN. */
  async resource(ending: string): Promise<{ id: string; inputs: Properties; outputs: Properties }> {
    const { text } = await this.run(['stack', 'export']);
    const { deployment } = JSON.parse(text) as { deployment: { resources: { urn: string }[] } };
    const found = deployment.resources.find(({ urn }) => urn.endsWith(ending));
    if (found === undefined) throw new Error(`There is no resource ${ending} in the stack`);
    return found as unknown as { id: string; inputs: Properties; outputs: Properties };
  }

  /** Ids of the machines that this project has on this host. */
  async machines(): Promise<string[]> {
    try {
      return await readdir(join(this.stateDirectory, 'machines'));
    } catch {
      return [];
    }
  }

  /** Ends machines that no state knows any more. */
  async stopMachines(): Promise<void> {
    const machines = await this.machines();
    if (machines.length > 0) await this.shell(`ingot stop ${machines.join(' ')}`);
  }

  /** What is on record of those machines; not of one that is just being made or removed. */
  async machineFiles(): Promise<MachineOnRecord[]> {
    const found: MachineOnRecord[] = [];
    for (const id of await this.machines()) {
      const path = join(this.stateDirectory, 'machines', id, 'machine.json');
      const text = await readFile(path, 'utf8').catch(() => undefined);
      if (text !== undefined) found.push(JSON.parse(text) as MachineOnRecord);
    }
    return found;
  }

  /** Ends machines that a failed test has left, then removes the folder. */
  async remove(): Promise<void> {
    await this.run(['cancel', '--yes']);
    await this.run(['destroy', '--yes', '--skip-preview']);
    // Those of an engine that was killed wait for it for ever.
    killAll(await providersOf(this));
    // Of an engine that was killed, something may still write there.
    await rm(this.directory, { recursive: true, force: true, maxRetries: 20 });
  }
}

export interface MachineOnRecord {
  readonly id: string;
  readonly stage: 'starting' | 'running';
  /** QEMU; missing in the moment before it runs. */
  readonly process?: { readonly pid: number };
}

type Properties = Record<string, unknown>;
