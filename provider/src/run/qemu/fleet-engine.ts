import { availableParallelism } from 'node:os';
import { RunError } from '../error.js';
import { type Engine, MachineFailure } from '../rollout/engine.js';
import type { ObservedMachine, Phase } from '../rollout/observed.js';
import { createMachine } from './create.js';
import { endMachine } from './end.js';
import { endpointText } from './endpoint.js';
import type { FleetRequest, FleetVersion } from './fleet-request.js';
import { askOnce, httpAttempt } from './health.js';
import { type MachineFile, readMachineFile, readMachineFiles } from './machine-file.js';
import type { RunOptions } from './options.js';
import { isAbandoned, isRunning } from './remains.js';
import { takeOver, turnsOf } from './take-over.js';
import { Turns } from './turns.js';

/** What says something about the machine; all else says something about this host. */
const OF_THE_MACHINE: readonly string[] = ['died', 'panic', 'guest-failed', 'unhealthy'];
/** A machine that is only busy answers one of these; each is waited for longer than it should ever take. */
const MAX_FAILED_QUESTIONS = 5;
const QUESTION_LIMIT_MS = 10_000;

interface EngineOptions extends RunOptions {
  /** Throws when somebody else has taken the fleet over. */
  readonly requireOurs: () => Promise<void>;
}

/** Machines on this host, for a plan. */
export class FleetEngine implements Engine {
  readonly #request: FleetRequest;
  readonly #options: EngineOptions;
  readonly #versions: ReadonlyMap<string, FleetVersion>;
  readonly #booted = new Map<string, ReturnType<FleetVersion['booted']>>();
  /** A machine that boots takes a processor; one that serves hardly does. */
  readonly #turns = new Turns({ memoryMiB: 0, cpus: availableParallelism() });
  /** Of each machine, the last questions in a row that it did not answer well. */
  readonly #failedQuestions = new Map<string, number>();
  readonly #asking = new Set<string>();

  constructor(request: FleetRequest, options: EngineOptions) {
    this.#request = request;
    this.#options = options;
    const { wanted, previous } = request;
    this.#versions = new Map([...(previous ? [previous] : []), wanted].map((version) => [version.version, version]));
  }

  async observe(): Promise<ObservedMachine[]> {
    await this.#options.requireOurs();
    const files = await readMachineFiles(this.#options.stateDirectory);
    const ours = files.filter(({ fleet }) => fleet?.id === this.#request.id);
    return Promise.all(
      ours.map(async (machine) => ({
        id: machine.id,
        digest: machine.fleet?.version ?? '',
        phase: await this.#phaseOf(machine),
        sinceMs: machine.createdMs + (machine.bootSeconds.healthy ?? 0) * 1000,
      })),
    );
  }

  async start(digest: string, { signal, began }: { signal: AbortSignal; began: (id: string) => void }): Promise<void> {
    const version = this.#versions.get(digest);
    if (version === undefined) throw new RangeError(`Cannot start a machine of ${digest}: it is not known`);
    const { machine } = version;
    const { id, owner } = this.#request;
    const request = { ...(await this.#bootedOf(version)), owner, machine, fleet: { id, version: digest } };
    const share = { memoryMiB: 0, cpus: Math.min(machine.cpus, availableParallelism()) };
    try {
      await this.#turns.run(share, signal, () =>
        createMachine(request, { ...this.#options, signal, began: (machine) => began(machine.id) }),
      );
    } catch (error) {
      if (error instanceof RunError && OF_THE_MACHINE.includes(error.code)) {
        // Which image it was is known to whoever rolls it out.
        throw new MachineFailure(error.message.replace(/^Cannot start a machine from image \w+: /, ''), {
          cause: error,
        });
      }
      throw error;
    }
  }

  async stop(id: string, { signal }: { signal: AbortSignal }): Promise<void> {
    const machine = await readMachineFile(this.#options.stateDirectory, id);
    if (machine === undefined) return;
    await endMachine(machine, { ...this.#options, signal, drainSeconds: this.#request.wanted.machine.drainSeconds });
  }

  async #phaseOf(machine: MachineFile): Promise<Phase> {
    if (machine.stage === 'starting') return (await isAbandoned(machine)) ? 'draining' : 'booting';
    if (!(await isRunning(machine))) return 'unhealthy';
    const turns = await turnsOf(machine, this.#options);
    // An earlier call began to end it.
    if (turns === false) return 'draining';
    if (turns === 'unknown') await takeOver(machine, this.#options);
    void this.#ask(machine);
    return (this.#failedQuestions.get(machine.id) ?? 0) < MAX_FAILED_QUESTIONS ? 'healthy' : 'unhealthy';
  }

  /** Asks a machine that serves whether it still does; nobody waits for its answer. */
  async #ask(machine: MachineFile): Promise<void> {
    const http = this.#versions.get(machine.fleet?.version ?? '')?.machine.health?.http;
    const port = machine.ports.find(({ guest }) => guest === http?.port);
    if (http === undefined || port === undefined || this.#asking.has(machine.id)) return;
    this.#asking.add(machine.id);
    const attempt = httpAttempt(http, {
      port: port.private,
      host: endpointText({ address: port.address, port: port.host }),
    });
    const problem = await askOnce(attempt, { signal: this.#options.signal, limitMs: QUESTION_LIMIT_MS });
    this.#asking.delete(machine.id);
    const failed = problem === undefined ? 0 : (this.#failedQuestions.get(machine.id) ?? 0) + 1;
    this.#failedQuestions.set(machine.id, failed);
  }

  #bootedOf(version: FleetVersion): ReturnType<FleetVersion['booted']> {
    const known = this.#booted.get(version.version);
    if (known !== undefined) return known;
    const booted = version.booted();
    this.#booted.set(version.version, booted);
    return booted;
  }
}
