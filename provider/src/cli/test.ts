import type { Probe } from '../model/probe.js';
import { type BootTestRecord, lockDigest, testImage, type Workshop } from '../pipeline.js';
import { columns } from './columns.js';
import { CommandError } from './command-error.js';
import { withLock } from './locked.js';
import { withWorkshop } from './workshop.js';

export interface TestOptions {
  readonly http?: readonly string[];
  readonly tcp?: readonly string[];
  readonly console?: readonly string[];
  readonly memory?: string;
  readonly cpus?: string;
  readonly timeout?: string;
  readonly json?: true;
}

/** `ingot test SPEC…`: boots an image once on this host, asks it all probes, and tells how long its phases took. */
export async function test(specs: readonly string[], options: TestOptions): Promise<void> {
  const probes: Probe[] = [
    ...(options.http ?? []).map(httpProbe),
    ...(options.tcp ?? []).map((port) => ({ tcp: { port: numberIn(port, { flag: '--tcp', max: 65535 }) } })),
    ...(options.console ?? []).map((contains) => ({ console: { contains } })),
  ];
  const machine = {
    memoryMiB: numberIn(options.memory ?? '512', { flag: '--memory', max: 1048576 }),
    cpus: numberIn(options.cpus ?? '1', { flag: '--cpus', max: 256 }),
    timeoutSeconds: numberIn(options.timeout ?? '60', { flag: '--timeout', max: 3600 }),
  };
  await withWorkshop((workshop) =>
    withLock(specs, workshop, async (locked) => {
      const owner = { urn: `ingot test ${specs.join(' ')}`, project: workshop.directory };
      const record = await testImage(locked, { owner, probes, ...machine }, { ...runOptions(workshop), workshop });
      const digest = lockDigest(locked.lock);
      if (options.json) process.stdout.write(`${JSON.stringify({ digest, ...record }, null, 2)}\n`);
      else process.stdout.write(`${digest} passed (${record.accelerator})\n${timeline(record).join('\n')}\n`);
    }),
  );
}

function runOptions({ settings, signal, progress }: Workshop) {
  return { stateDirectory: settings.stateDirectory, signal, progress };
}

/** `80`, or `80/path`; `80/path=text` wants the text in the answer. */
function httpProbe(text: string): Probe {
  const [, port = '', path, body] = /^(\d+)(\/[^=]*)?(?:=(.+))?$/.exec(text) ?? [];
  if (port === '') {
    throw new CommandError(
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

function numberIn(text: string, { flag, max }: { readonly flag: string; readonly max: number }): number {
  const number = /^\d{1,8}$/.test(text) ? Number(text) : 0;
  if (number >= 1 && number <= max) return number;
  throw new CommandError('bad-number', `Cannot use ${flag} ${text}: it must be a whole number from 1 to ${max}`);
}

/** The phases of the boot, in their order, with when each ended. */
function timeline({ bootSeconds }: BootTestRecord): string[] {
  const own = Object.entries(bootSeconds).filter(([name]) => !name.startsWith('guest.'));
  const guest = Object.entries(bootSeconds).filter(([name]) => name.startsWith('guest.'));
  guest.sort(([, one], [, other]) => one - other);
  return columns([
    ...own.map(([name, seconds]) => [name, `${seconds.toFixed(2)} s`, "after the machine's start"]),
    ...guest.map(([name, seconds]) => [name.slice(6), `${seconds.toFixed(2)} s`, "after its kernel's"]),
  ]).map((line) => `  ${line}`);
}
