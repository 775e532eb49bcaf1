import { setTimeout as sleep } from 'node:timers/promises';
import type { CommandProbe } from '../../model/probe.js';
import type { CommandChannel } from './command-channel.js';
import type { CommandOutcome } from './command-words.js';
import { lastLines, plainLine } from './console-text.js';

const DEFAULT_LIMIT_SECONDS = 10;
const FIRST_PAUSE_MS = 100;
const LAST_PAUSE_MS = 2000;
const GROWTH = 1.5;
const SHOWN_LINES = 10;

/** What is wrong with what came of a command, and the last lines that it printed. */
export interface CommandFault {
  readonly why: string;
  readonly lines: readonly string[];
}

export interface CommandProbeOptions {
  readonly channel: Pick<CommandChannel, 'run'>;
  /** How many times as long as on real hardware everything takes. */
  readonly factor: number;
  /** Aborted: it is not run again, and the promise stays pending. */
  readonly signal: AbortSignal;
  /** Told of each run that was not good. */
  readonly failed: (fault: CommandFault) => void;
}

/** Has the command run again and again, never twice at once, until what comes of it is good. */
export async function untilCommandGood(probe: CommandProbe, options: CommandProbeOptions): Promise<void> {
  const { channel, factor, signal, failed } = options;
  const limitSeconds = (probe.timeoutSeconds ?? DEFAULT_LIMIT_SECONDS) * factor;
  for (let pauseMs = FIRST_PAUSE_MS; !signal.aborted; pauseMs = Math.min(pauseMs * GROWTH, LAST_PAUSE_MS)) {
    const outcome = await channel.run({ run: probe.run, in: probe.in, limitSeconds });
    if (signal.aborted) break;
    const fault = faultIn(outcome, probe, limitSeconds);
    if (fault === undefined) return;
    failed(fault);
    await sleep(pauseMs, undefined, { signal }).catch(() => {});
  }
  await new Promise(() => {});
}

/** Undefined where it is what the probe wants. */
export function faultIn(
  outcome: CommandOutcome | undefined,
  { status = 0, output }: Pick<CommandProbe, 'status' | 'output'>,
  limitSeconds: number,
): CommandFault | undefined {
  if (outcome === undefined) return { why: 'the machine does not answer', lines: [] };
  if (outcome.kind === 'refused') return { why: `it was not run: ${plainLine(outcome.reason)}`, lines: [] };
  const lines = lastLines(outcome.output.toString('utf8'), SHOWN_LINES);
  if (outcome.kind === 'late') return { why: `it took longer than ${limitSeconds} s, and was killed`, lines };
  if (outcome.status !== status) return { why: `it exited with status ${outcome.status}, not ${status}`, lines };
  if (output === undefined || outcome.output.includes(output)) return undefined;
  return { why: `it printed no ${JSON.stringify(output)}`, lines };
}
