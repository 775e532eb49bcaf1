import { randomBytes } from 'node:crypto';
import type { CheckFailure } from '@pulumi/pulumi/dynamic';
import { z } from 'zod';
import { canonicalJson, type Json, sha256, shortDigest } from '../model/digest.js';
import { RolloutStrategy } from '../model/rollout.js';
import type { FleetMachine, FleetResult, FleetVersion } from '../pipeline.js';
import {
  bootedOf,
  endpointsOf,
  MACHINE_DEFAULTS,
  MachineInputs,
  machineFailures,
  machineOf,
  ownerOf,
} from './booted.js';
import type { Handler, Operation } from './handler.js';
import { misnamedWithin, parseInputs } from './inputs.js';
import { runOptions, same, withoutLock } from './machine-inputs.js';
import { PartialFailure } from './partial-failure.js';
import { failuresOf, failuresOfIssues } from './problems.js';
import { type Properties, STATE_VERSION } from './state.js';
import { isUnknown } from './unknown.js';

const MAX_MACHINES = 1000;
/** More are forgotten, the oldest first. */
const MAX_REJECTED = 10;

/** What a program gives an `ingot.local.Fleet`: one machine, how many of it, and how they are replaced. */
const Inputs = MachineInputs.omit({ disks: true, secrets: true }).extend({
  count: z.int().min(0).max(MAX_MACHINES),
  strategy: RolloutStrategy.prefault({}),
  retry: z.boolean().default(false),
});

/** A change of one of these needs other machines; so does another question for their health. */
const ROLLING = ['imageDigest', 'imageRef', 'memoryMiB', 'cpus', 'ports', 'userData', 'firmware'] as const;
const RECORDED = ['count', 'strategy', 'retry', 'drainSeconds', 'health'] as const;

/** What failed to roll out, and is refused from then on. */
const Rejected = z.array(z.object({ version: z.string(), digest: z.string(), reason: z.string() })).catch([]);
type Rejected = z.infer<typeof Rejected>;

/** Machines behind the same published ports. The resource stays; its machines are replaced, some at a time. */
export const fleet: Handler = {
  async check(_olds, news, operation) {
    if (isUnknown(withoutLock(news))) {
      const inputs = { ...MACHINE_DEFAULTS, ...news, __version: STATE_VERSION };
      return { inputs, failures: misnamedWithin(Inputs, news) };
    }
    const parsed = parseInputs(Inputs, news);
    if (!parsed.success) return { inputs: { ...news }, failures: failuresOfIssues(parsed.error) };
    const inputs = { ...parsed.data, ...endpointsOf(parsed.data), __version: STATE_VERSION };
    try {
      const { hostMemoryMiB } = await (await import('../pipeline.js')).run();
      return { inputs, failures: [...(await machineFailures(inputs, operation)), ...tooMany(inputs, hostMemoryMiB())] };
    } catch (error) {
      return { inputs, failures: failuresOf(error) };
    }
  },

  async diff(_id, olds, news) {
    if ([...ROLLING, ...RECORDED].some((key) => !same(olds[key], news[key]))) return {};
    // Nothing of the program's has changed, so the engine finds nothing either: it has to be told.
    return isWhole(olds) ? { changes: false } : { changes: true };
  },

  async create(inputs, operation) {
    const id = `fleet-${randomBytes(6).toString('hex')}`;
    const result = await roll({ id, olds: undefined, news: inputs }, operation);
    if (result.outcome === 'interrupted' && result.machines.length === 0) {
      // No state will know of it.
      await remove(id, inputs, operation);
      throw new Error(result.reason);
    }
    return { id, outs: outputsOf({ id, olds: undefined, news: inputs }, result) };
  },

  async update(id, olds, news, operation) {
    const result = await roll({ id, olds, news }, operation);
    return { outs: outputsOf({ id, olds, news }, result) };
  },

  async read(id, state, operation) {
    const { readFleet } = await (await import('../pipeline.js')).run();
    const machines = await readFleet(id, runOptions(operation));
    return { id, props: { ...state, machines: machines.map(shown) } };
  },

  delete: remove,
};

async function remove(id: string, { drainSeconds }: Properties, operation: Operation): Promise<void> {
  const { deleteFleet } = await (await import('../pipeline.js')).run();
  const seconds = typeof drainSeconds === 'number' ? drainSeconds : MACHINE_DEFAULTS.drainSeconds;
  await deleteFleet(id, { ...runOptions(operation), owner: ownerOf(operation), drainSeconds: seconds });
}

interface Change {
  readonly id: string;
  /** Outputs; undefined: the fleet is new. */
  readonly olds: Properties | undefined;
  readonly news: Properties;
}

async function roll({ id, olds, news }: Change, operation: Operation): Promise<FleetResult> {
  const { rollFleet } = await (await import('../pipeline.js')).run();
  const { count, strategy } = Inputs.parse(news);
  const version = wantedVersion(olds, news);
  const rejected = rejectedBefore(olds, news);
  const previous =
    typeof olds?.version === 'string' ? versionFrom(olds, { version: olds.version, operation }) : undefined;
  return rollFleet(
    {
      ...{ id, owner: ownerOf(operation), count, strategy, previous },
      wanted: versionFrom(news, { version, operation }),
      rejected: rejected.map(({ version, reason }) => ({ digest: version, reason })),
    },
    runOptions(operation),
  );
}

/** What is not tried again. */
function rejectedBefore(olds: Properties | undefined, news: Properties): Rejected {
  const { retry } = Inputs.parse(news);
  const version = wantedVersion(olds, news);
  return Rejected.parse(olds?.rejected).filter((one) => !(retry && one.version === version));
}

/** @throws {PartialFailure} where the fleet is not what is wanted: the state then says what it is. */
function outputsOf({ id, olds, news }: Change, result: FleetResult): Properties {
  const { outcome, machines, rejected } = result;
  const version = wantedVersion(olds, news);
  const before = rejectedBefore(olds, news);
  const remembered = rejected.map(({ digest, reason }) => {
    const known = before.find((one) => one.version === digest);
    return known ?? { version: digest, digest: String(news.imageDigest), reason: withoutConsole(reason) };
  });
  const seen = { machines: machines.map(shown), rejected: remembered.slice(-MAX_REJECTED) };
  if (outcome === 'done') {
    return { ...news, ...seen, version, rejected: seen.rejected.filter((one) => one.version !== version) };
  }
  const properties = { ...(olds ?? news), ...seen, __provider: news.__provider };
  throw new PartialFailure(words({ version, before, news, olds }, result), { id, properties });
}

/** What a machine said on its console is told once; where it is kept is remembered. */
function withoutConsole(reason: string): string {
  return (reason.split('\n')[0] ?? '').replace(/ \((.*)\) ends with:$/, ' is kept in $1');
}

function words(
  {
    version,
    before,
    news,
    olds,
  }: { version: string; before: Rejected; news: Properties; olds: Properties | undefined },
  { outcome, reason = 'unknown', machines }: Omit<FleetResult, 'rejected'>,
): string {
  const image = shortDigest(String(news.imageDigest) as `sha256:${string}`);
  const what = `Cannot roll the fleet out to image ${image}`;
  // What the host cannot do, or that it was cancelled, is told as it is.
  if (outcome === 'interrupted') return reason;
  const old = machines.filter((machine) => machine.version === olds?.version).length;
  const left =
    machines.length === 0 ? 'nothing of it is left' : `${old} of ${machines.length} machines are the old ones`;
  if (before.some((one) => one.version === version)) {
    return `${what}: it failed before, and is not tried again: ${reason}; change the image, or set retry to true (${left})`;
  }
  return `${what}: ${reason}\n${left[0]?.toUpperCase()}${left.slice(1)}; the same is not tried again, unless retry is true.`;
}

function versionFrom(
  properties: Properties,
  { version, operation }: { version: string; operation: Operation },
): FleetVersion {
  return { version, machine: machineOf(properties), booted: () => bootedOf(properties, operation) };
}

/** What is the same keeps its name, also where a newer Ingot would name it differently. */
function wantedVersion(olds: Properties | undefined, news: Properties): string {
  const version = versionOf(news);
  return typeof olds?.version === 'string' && versionOf(olds) === version ? olds.version : version;
}

/** Names all that machines are made of, and that their health is asked by. */
function versionOf(properties: Properties): string {
  const { health } = Inputs.parse(properties);
  const parts = Object.fromEntries(ROLLING.map((key) => [key, properties[key] ?? null]));
  return sha256(canonicalJson({ ...parts, health: { http: health?.http, tcp: health?.tcp } } as unknown as Json));
}

/** Whether all machines are there, and what they are to be. */
function isWhole({ machines, count, version }: Properties): boolean {
  if (!Array.isArray(machines) || machines.length !== count) return false;
  return machines.every((machine: { version?: unknown }) => machine.version === version);
}

function shown({ id, image, version, pid, consoleFile }: FleetMachine): Properties {
  return { id, digest: image, version, pid, consoleFile };
}

function tooMany(
  { count, memoryMiB }: { readonly count: number; readonly memoryMiB: number },
  hostMiB: number,
): CheckFailure[] {
  const neededMiB = count * memoryMiB;
  if (neededMiB <= hostMiB || memoryMiB > hostMiB) return [];
  const reason = `${count} machines need ${neededMiB} MiB, which is more than this host has; it has ${hostMiB} MiB`;
  return [{ property: 'count', reason }];
}
