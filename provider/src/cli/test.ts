import type { Probe } from '../model/probe.js';
import { lockDigest, testImage, type Workshop } from '../pipeline.js';
import { commandProbe } from './command-probe.js';
import { withLock } from './locked.js';
import { numberIn } from './number-option.js';
import { timeline } from './timeline.js';
import { UsageError } from './usage-error.js';
import { withWorkshop } from './workshop.js';

export interface TestOptions {
  readonly http?: readonly string[];
  readonly tcp?: readonly string[];
  readonly console?: readonly string[];
  readonly command?: readonly string[];
  readonly memory?: string;
  readonly cpus?: string;
  readonly timeout?: string;
  readonly debug?: true;
  readonly json?: true;
}

/** `ingot test SPEC…`: boots an image once on this host, asks it all probes, and tells how long its phases took. */
export async function test(specs: readonly string[], options: TestOptions): Promise<void> {
  const probes: Probe[] = [
    ...(options.http ?? []).map(httpProbe),
    ...(options.tcp ?? []).map((port) => ({ tcp: { port: numberIn(port, { flag: '--tcp', max: 65535 }) } })),
    ...(options.console ?? []).map((contains) => ({ console: { contains } })),
    ...(options.command ?? []).map(commandProbe),
  ];
  const machine = {
    memoryMiB: numberIn(options.memory ?? '512', { flag: '--memory', min: 64, max: 1048576 }),
    cpus: numberIn(options.cpus ?? '1', { flag: '--cpus', max: 256 }),
    timeoutSeconds: numberIn(options.timeout ?? '60', { flag: '--timeout', max: 3600 }),
  };
  await withWorkshop(async (workshop) => {
    // What is wrong with the machine does not stand in the spec.
    const locked = await withLock(specs, workshop, async (found) => found, { debug: options.debug });
    const owner = { urn: `ingot test ${specs.join(' ')}`, project: workshop.directory };
    const record = await testImage(locked, { owner, probes, ...machine }, { ...runOptions(workshop), workshop });
    const digest = lockDigest(locked.lock);
    if (options.json) process.stdout.write(`${JSON.stringify({ digest, ...record }, null, 2)}\n`);
    else process.stdout.write(`${digest} passed (${record.accelerator})\n${timeline(record).join('\n')}\n`);
  });
}

function runOptions({ settings, signal, progress }: Workshop) {
  return { stateDirectory: settings.stateDirectory, signal, progress };
}

/** `80`, or `80/path`; `80/path=text` wants the text in the answer. */
function httpProbe(text: string): Probe {
  const [, port = '', path, body] = /^(\d+)(\/[^=]*)?(?:=(.+))?$/.exec(text) ?? [];
  if (port === '') {
    throw new UsageError(
      'bad-probe',
      `Cannot ask "${text}" over HTTP: it is not a port with a path; write it as in --http 80/health, or --http 80/=text`,
    );
  }
  return {
    http: {
      port: numberIn(port, { flag: '--http', max: 65535 }),
      ...(path === undefined ? {} : { path }),
      ...(body === undefined ? {} : { body }),
    },
  };
}
