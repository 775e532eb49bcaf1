import { setTimeout as sleep } from 'node:timers/promises';
import { errnoOf, RunError } from '../error.js';
import { type Endpoint, endpointText } from './endpoint.js';
import { askForwarder, ensureForwarder, listForwarders, removeDeadForwarder } from './forwarder-client.js';
import type { MachineFile } from './machine-file.js';
import type { RunParts } from './options.js';
import { sameOwner, wordsFor } from './port-check.js';
import { findPortHolder, heldBy } from './port-holder.js';

const LOOK_AGAIN_MS = 100;
/** A forwarder that is there when it is looked for may end with the last of its machines before it is told of ours. */
const JOIN_TRIES = 3;

/** Where forwarders are, and what they are. */
export interface Forwarders {
  readonly stateDirectory: string;
  readonly parts?: RunParts | undefined;
}

/** A port of a machine that is reached from outside, and the loopback port behind it. */
function endpointsOf(machine: MachineFile): (Endpoint & { readonly private: number })[] {
  return machine.ports.map(({ address, host, private: inner }) => ({ address, port: host, private: inner }));
}

/**
 * Lets all published ports of a machine lead to it, or none: first every port is had and the machine made known to its
 * forwarder, then all are switched. Machines of a fleet take turns.
 * @throws {RunError} `port-taken`; then everything is as before.
 */
export async function takeOver(machine: MachineFile, forwarders: Forwarders): Promise<void> {
  const { stateDirectory } = forwarders;
  const { id, owner, fleet } = machine;
  const endpoints = endpointsOf(machine);
  const undo: (() => Promise<unknown>)[] = [];
  try {
    for (const other of await inTheWay(machine, stateDirectory)) {
      await askForwarder(stateDirectory, other, { do: 'listen', on: false });
      undo.push(() => askForwarder(stateDirectory, other, { do: 'listen', on: true }));
    }
    for (const endpoint of endpoints) {
      const active = await join(machine, endpoint, forwarders);
      undo.push(() => askForwarder(stateDirectory, endpoint, { do: 'remove', machine: id }));
      if (active === null || active === id || fleet !== undefined) continue;
      undo.push(() => askForwarder(stateDirectory, endpoint, { do: 'switch', machine: active }));
    }
    for (const endpoint of endpoints) {
      const how = fleet === undefined ? 'switch' : 'join';
      const stat = await askForwarder(stateDirectory, endpoint, { do: how, machine: id });
      if (stat === undefined) throw new Error(`the forwarder of ${endpointText(endpoint)} is gone`);
    }
  } catch (error) {
    for (const step of undo.reverse()) await step().catch(() => {});
    if (error instanceof RunError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new RunError('port-taken', `Cannot publish the ports of ${owner.urn}: ${reason}`, { cause: error });
  }
}

/** Makes the machine known to the forwarder of one port, started where there is none. @returns who is active there. */
async function join(
  machine: MachineFile,
  endpoint: Endpoint & { readonly private: number },
  { stateDirectory, parts }: Forwarders,
): Promise<string | null> {
  const { id, owner, process } = machine;
  if (process === undefined) throw new RangeError(`Cannot publish machine ${id}: it does not run`);
  const add = { do: 'add', owner, machine: id, port: endpoint.private, process } as const;
  for (let attempt = 1; attempt <= JOIN_TRIES; attempt++) {
    try {
      await ensureForwarder(endpoint, { stateDirectory, owner, parts });
    } catch (error) {
      throw await portTaken(error, endpoint);
    }
    const stat = await askForwarder(stateDirectory, endpoint, add);
    if (stat !== undefined) return stat.active;
  }
  throw new Error(`the forwarder of ${endpointText(endpoint)} is gone`);
}

/** Forwarders of the same owner that hold a port which the new machine publishes at another address. */
async function inTheWay(machine: MachineFile, stateDirectory: string): Promise<Endpoint[]> {
  const endpoints = endpointsOf(machine);
  return (await listForwarders(stateDirectory)).filter(
    (forwarder) =>
      sameOwner(forwarder.owner, machine.owner) &&
      endpoints.some(({ port }) => port === forwarder.port) &&
      !endpoints.some(({ address, port }) => port === forwarder.port && address === forwarder.address),
  );
}

async function portTaken(error: unknown, endpoint: Endpoint): Promise<unknown> {
  const errno = errnoOf(error);
  if (errno === undefined) return error;
  const why = errno === 'EADDRINUSE' ? heldBy(await findPortHolder(endpoint), endpoint) : wordsFor(errno, endpoint);
  const what = `Cannot publish port ${endpointText(endpoint)}`;
  return new RunError('port-taken', `${what}: ${why}`, { cause: error, context: { property: 'ports' } });
}

/** Whether all published ports lead to that machine. */
export async function isPublished(machine: MachineFile, { stateDirectory }: Forwarders): Promise<boolean> {
  for (const endpoint of endpointsOf(machine)) {
    const stat = await askForwarder(stateDirectory, endpoint, { do: 'stat' }).catch(() => undefined);
    if (stat?.active !== machine.id || !stat.listening) return false;
  }
  return true;
}

/**
 * Whether a machine of a fleet takes its turn on all of its ports. `unknown`: a forwarder was started again since, and
 * nobody has told it of this machine.
 */
export async function turnsOf(machine: MachineFile, { stateDirectory }: Forwarders): Promise<boolean | 'unknown'> {
  let known: boolean | 'unknown' = true;
  for (const endpoint of endpointsOf(machine)) {
    const stat = await askForwarder(stateDirectory, endpoint, { do: 'stat' }).catch(() => undefined);
    const entry = stat?.machines.find((one) => one.machine === machine.id);
    if (entry !== undefined && !entry.isActive) return false;
    if (entry === undefined) known = 'unknown';
  }
  return known;
}

/**
 * Sends no new connections to the machine, and waits until it serves none, or the time is over. If no other machine has
 * taken the ports over they are given up at once, and only what is going on may end.
 */
export async function drain(
  machine: MachineFile,
  {
    stateDirectory,
    signal,
    limitSeconds,
  }: Forwarders & { signal: AbortSignal; limitSeconds: (last: boolean) => number },
): Promise<void> {
  const startMs = performance.now();
  for (const endpoint of endpointsOf(machine)) {
    await askForwarder(stateDirectory, endpoint, { do: 'release', machine: machine.id }).catch(() => {});
  }
  while (!signal.aborted) {
    let connections = 0;
    let last = true;
    for (const endpoint of endpointsOf(machine)) {
      const stat = await askForwarder(stateDirectory, endpoint, { do: 'stat' }).catch(() => 'no answer' as const);
      // One that is too busy to answer serves somebody; the time limit counts then.
      if (stat === 'no answer') connections++;
      else connections += stat?.machines.find((entry) => entry.machine === machine.id)?.connections ?? 0;
      if (stat !== 'no answer' && stat?.active) last = false;
    }
    if (connections === 0 || performance.now() - startMs > limitSeconds(last) * 1000) return;
    await sleep(LOOK_AGAIN_MS);
  }
}

/** Takes the machine out of its forwarders; those that lead nowhere then end, and what dead ones left is removed. */
export async function withdraw(machine: MachineFile, { stateDirectory }: Forwarders): Promise<void> {
  for (const endpoint of endpointsOf(machine)) {
    await askForwarder(stateDirectory, endpoint, { do: 'remove', machine: machine.id }).catch(() => {});
    await removeDeadForwarder(stateDirectory, endpoint).catch(() => {});
  }
}
