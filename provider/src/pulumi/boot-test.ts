import { z } from 'zod';
import { hexOf, sha256 } from '../model/digest.js';
import { IngotError } from '../model/error.js';
import { MachineSpec } from '../model/machine.js';
import { Probe, probeProblems } from '../model/probe.js';
import type { BootTestRecord } from '../pipeline.js';
import { unpacked } from './booted.js';
import { BootBudget, bootOverBudget, isJudged } from './budget.js';
import type { Handler, Operation } from './handler.js';
import { ImageDigest } from './image-digest.js';
import { misnamedWithin, parseInputs } from './inputs.js';
import { decodeLock } from './lock-text.js';
import { runOptions, same, tooLittleMemory, withoutLock } from './machine-inputs.js';
import { failuresOf, failuresOfIssues } from './problems.js';
import { type Properties, STATE_VERSION } from './state.js';
import { isUnknown } from './unknown.js';

class BootTestError extends IngotError<'slow'> {}

const DEFAULTS = { probes: [], memoryMiB: 512, cpus: 1, timeoutSeconds: 60 };

/** What a program gives an `ingot.BootTest`; the SDK takes the image apart into its digest and lock. */
const Inputs = z.looseObject({
  digest: ImageDigest,
  probes: z.array(Probe).max(100).default(DEFAULTS.probes),
  memoryMiB: MachineSpec.shape.memoryMiB.default(DEFAULTS.memoryMiB),
  cpus: MachineSpec.shape.cpus.default(DEFAULTS.cpus),
  timeoutSeconds: z.int().min(1).max(3600).default(DEFAULTS.timeoutSeconds),
  budget: BootBudget.optional(),
});

/** What a boot depends on: where these are as they were, the image has passed already and is not booted again. */
const TESTED = ['digest', 'probes', 'memoryMiB', 'cpus'] as const;

/** An image, booted once; the update fails where it does not pass. It owns nothing: the machine is gone afterwards. */
export const bootTest: Handler = {
  async check(_olds, news) {
    if (isUnknown(withoutLock(news))) {
      const inputs = { ...DEFAULTS, ...news, __version: STATE_VERSION };
      return { inputs, failures: misnamedWithin(Inputs, news) };
    }
    const parsed = parseInputs(Inputs, news);
    if (!parsed.success) return { inputs: { ...news }, failures: failuresOfIssues(parsed.error) };
    const inputs = { ...parsed.data, __version: STATE_VERSION };
    try {
      const { findQemuProblem } = await (await import('../pipeline.js')).run();
      const lock = isUnknown(news.__lock) ? undefined : decodeLock(news.__lock).lock;
      const reason = lock && (await findQemuProblem(lock.platform));
      const failures = [
        ...(lock ? probeProblems(inputs.probes, lock) : []).map((problem) => ({
          property: 'probes',
          reason: `[${problem.index}].command: ${problem.reason}`,
        })),
        ...(unpacked({}, lock) ? tooLittleMemory({ ...inputs, __rootBytes: news.rootSizeBytes }) : []),
        ...(reason ? [{ property: 'image', reason }] : []),
      ];
      return { inputs, failures };
    } catch (error) {
      return { inputs, failures: failuresOf(error) };
    }
  },

  async diff(_id, olds, news) {
    return [...TESTED, 'timeoutSeconds', 'budget'].every((key) => same(olds[key], news[key])) ? { changes: false } : {};
  },

  async create(inputs, operation) {
    const id = `boot-test-${hexOf(sha256(String(inputs.__urn))).slice(0, 12)}`;
    return { id, outs: { ...inputs, ...(await boot(inputs, operation)) } };
  },

  async update(_id, olds, news, operation) {
    const passed = TESTED.every((key) => same(olds[key], news[key]));
    if (!passed) return { outs: { ...news, ...(await boot(news, operation)) } };
    const { accelerator, bootSeconds } = olds;
    judge({ accelerator, bootSeconds } as BootTestRecord, news, operation);
    return { outs: { ...news, accelerator, bootSeconds } };
  },

  async read(id, state) {
    return { id, props: { ...state } };
  },

  async delete() {
    // What was booted has ended with the test.
  },
};

async function boot(inputs: Properties, operation: Operation): Promise<Properties> {
  const pipeline = await import('../pipeline.js');
  const { probes, memoryMiB, cpus, timeoutSeconds } = Inputs.parse(inputs);
  const locked = decodeLock(inputs.__lock);
  await using workshop = await pipeline.openWorkshop(operation.settings, operation);
  const owner = { urn: operation.urn, project: operation.directory };
  const test = { owner, probes, memoryMiB, cpus, timeoutSeconds };
  const record = await pipeline.testImage(locked, test, { ...runOptions(operation), workshop });
  judge(record, inputs, operation);
  const { accelerator, bootSeconds } = record;
  return { accelerator, bootSeconds };
}

/** @throws {BootTestError} `slow` for a boot that took longer than its budget allows. */
function judge(record: BootTestRecord, inputs: Properties, { progress }: Operation): void {
  const { budget } = Inputs.parse(inputs);
  if (budget?.bootSeconds === undefined) return;
  if (!isJudged(record.accelerator)) {
    progress({
      step: 'booted',
      warning:
        'budget.bootSeconds was not judged: this host emulates the machine, and only hardware acceleration (KVM, HVF) says how fast an image boots',
    });
    return;
  }
  const over = bootOverBudget(record, budget);
  if (over !== undefined) throw new BootTestError('slow', over);
}
