import type { Digest } from '../model/digest.js';
import type { MachineRecord } from '../pipeline.js';
import {
  bootedOf,
  endpointsOf,
  MACHINE_DEFAULTS,
  MachineInputs,
  machineFailures,
  machineOf,
  ownerOf,
} from './booted.js';
import { foundMachine } from './drift.js';
import type { Handler, Operation } from './handler.js';
import { misnamedWithin, parseInputs } from './inputs.js';
import { knownAtCreate, knownAtDelete, learnOf, learnOfCheck } from './known-machines.js';
import { runOptions, same, withoutLock } from './machine-inputs.js';
import { failuresOf, failuresOfIssues } from './problems.js';
import { type Properties, STATE_VERSION } from './state.js';
import { isUnknown, UNKNOWN } from './unknown.js';

/** A change of one of these needs another machine; a change of the others is only written down. */
const REPLACING = [
  'imageDigest',
  'imageRef',
  'memoryMiB',
  'cpus',
  'ports',
  'disks',
  'userData',
  'secrets',
  'firmware',
] as const;
const RECORDED = ['health', 'drainSeconds'] as const;

/** A virtual machine on this host. It is never changed: another one is started, takes its ports over, and it ends. */
export const instance: Handler = {
  async check(olds, news, operation) {
    learnOfCheck(operation.urn, olds);
    if (isUnknown(withoutLock(news))) {
      const inputs = { ...MACHINE_DEFAULTS, ...news, __version: STATE_VERSION };
      return { inputs, failures: misnamedWithin(MachineInputs, news) };
    }
    const parsed = parseInputs(MachineInputs, news);
    if (!parsed.success) return { inputs: { ...news }, failures: failuresOfIssues(parsed.error) };
    const inputs = { ...parsed.data, ...endpointsOf(parsed.data), __version: STATE_VERSION };
    try {
      const failures = await machineFailures(inputs, operation);
      warnOfGap(olds, inputs, operation);
      return { inputs, failures };
    } catch (error) {
      return { inputs, failures: failuresOf(error) };
    }
  },

  async diff(id, olds, news) {
    learnOf(String(news.__urn), id);
    const replaces = replacing(olds, news);
    // A disk can be in one machine only: the old one ends before the new one starts.
    if (replaces.length > 0) return { replaces, ...(shareDisk(olds, news) ? { deleteBeforeReplace: true } : {}) };
    return RECORDED.every((key) => same(olds[key], news[key])) ? { changes: false } : {};
  },

  async create(inputs, operation) {
    const { createMachine } = await (await import('../pipeline.js')).run();
    const booted = await bootedOf(inputs, operation);
    const known = knownAtCreate(operation.urn);
    const record = await createMachine(
      { owner: ownerOf(operation), machine: machineOf(inputs), known, ...booted },
      runOptions(operation),
    );
    learnOf(operation.urn, record.id);
    return { id: record.id, outs: { ...inputs, ...outputsOf(record) } };
  },

  async update(_id, olds, news) {
    return { outs: { ...olds, ...news } };
  },

  async read(id, state, operation) {
    const { readMachine } = await (await import('../pipeline.js')).run();
    const record = await readMachine(id, runOptions(operation));
    return record === undefined ? {} : foundMachine(record, state, outputsOf(record));
  },

  async delete(id, state, operation) {
    const { deleteMachine } = await (await import('../pipeline.js')).run();
    const drainSeconds = typeof state.drainSeconds === 'number' ? state.drainSeconds : MACHINE_DEFAULTS.drainSeconds;
    await deleteMachine(id, { ...runOptions(operation), drainSeconds, known: knownAtDelete(operation.urn) });
  },
};

function replacing(olds: Properties, news: Properties): string[] {
  return REPLACING.filter((key) => !same(olds[key], news[key]));
}

/** The engine's preview of a replacement looks the same in both orders. */
function warnOfGap(olds: Properties, news: Properties, { progress }: Operation): void {
  if (olds.__type === undefined || replacing(olds, news).length === 0 || !shareDisk(olds, news)) return;
  progress({
    step: 'checking',
    warning:
      'the old machine ends before the new one starts, since a disk can only be in one of them: its ports are closed in between',
  });
}

function shareDisk(olds: Properties, news: Properties): boolean {
  const paths = ({ disks }: Properties): string[] =>
    (Array.isArray(disks) ? disks : []).map((one: { path?: unknown }) => String(one?.path));
  const before = paths(olds);
  return paths(news).some((path) => before.includes(path) || path === UNKNOWN);
}

function outputsOf(record: MachineRecord): Properties {
  return {
    pid: record.pid,
    accelerator: record.accelerator,
    consoleFile: record.consoleFile,
    bootedDigest: record.image satisfies Digest,
    bootSeconds: record.bootSeconds,
    // Its own claim on what it stands for; an instance is never adopted, so there is one.
    __claim: record.id,
  };
}
