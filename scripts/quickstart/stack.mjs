import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { attach } from '../shell/attach.mjs';
import { isAlive } from '../shell/lock.mjs';
import { root, workFolder } from '../shell/paths.mjs';
import { run } from '../shell/run.mjs';
import { StepError } from '../shell/step.mjs';

const PROJECT = 'quickstart';
const STACK = 'dev';
const state = join(workFolder, 'state');

/** Whether the stack was ever made, and not removed since. Needs no engine. */
export function stackExists() {
  return existsSync(join(state, '.pulumi/stacks', PROJECT, `${STACK}.json`));
}

/** The root program's stack, on a backend of files inside the checkout, which needs no account and no passphrase. */
export class Stack {
  #environment;

  constructor(environment) {
    mkdirSync(state, { recursive: true });
    const { PULUMI_CONFIG_PASSPHRASE_FILE: _, PULUMI_STACK: __, ...rest } = environment;
    this.#environment = {
      ...rest,
      PULUMI_BACKEND_URL: pathToFileURL(state).href,
      PULUMI_HOME: join(workFolder, 'pulumi'),
      PULUMI_CONFIG_PASSPHRASE: '',
      PULUMI_SKIP_UPDATE_CHECK: 'true',
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: 'true',
      // Checking the types of a program takes 3 to 9 s, at the preview and again at the update; npm test does it once.
      PULUMI_NODEJS_TRANSPILE_ONLY: 'true',
    };
  }

  /** Makes the stack if there is none, and takes away the lock of an update that was killed. */
  async prepare() {
    if (!stackExists()) {
      await this.#quietly(['stack', 'init', STACK]).catch((error) => {
        // Another one, at the same time, was quicker.
        if (!stackExists()) throw error;
      });
    }
    if (this.#isLockedByTheDead()) await this.#quietly(['cancel', '--yes', '--stack', STACK]);
  }

  async setConfig(key, value) {
    await this.#quietly(['config', 'set', '--stack', STACK, key, value]);
  }

  /** Runs the engine with its output on ours. Resolves to its exit code and whether it was interrupted. */
  show(args) {
    return attach('pulumi', args, { cwd: root, env: this.#environment });
  }

  /** The same for a command about this stack. */
  showStack([command, ...args]) {
    return this.show([command, '--stack', STACK, ...args]);
  }

  async output(name) {
    return (await this.#quietly(['stack', 'output', '--stack', STACK, name])).trim();
  }

  /** What the last update did, by kind and number: `{ same: 3 }`. */
  async lastChanges() {
    const [last] = JSON.parse(
      await this.#quietly(['stack', 'history', '--stack', STACK, '--json', '--page-size', '1']),
    );
    return last?.resourceChanges ?? {};
  }

  /** Whether every lock was made on this host by a process that is gone. */
  #isLockedByTheDead() {
    const folder = join(state, '.pulumi/locks/organization', PROJECT, STACK);
    if (!existsSync(folder)) return false;
    const locks = readdirSync(folder).filter((name) => name.endsWith('.json'));
    return (
      locks.length > 0 &&
      locks.every((name) => {
        const lock = readLock(join(folder, name));
        return lock?.hostname === hostname() && !isAlive(lock.pid);
      })
    );
  }

  async #quietly(args) {
    const { code, output, tail } = await run('pulumi', [...args, '--non-interactive'], {
      cwd: root,
      env: this.#environment,
    });
    if (code === 0) return output;
    throw new StepError(`pulumi ${args.join(' ')}`, { what: `it ended with exit code ${code}`, output: tail });
  }
}

/** Undefined where it has gone meanwhile, or is being written. */
function readLock(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}
