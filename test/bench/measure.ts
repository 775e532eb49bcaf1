import { spawn } from 'node:child_process';

/** Seconds from the start of a program to its end. Rejects, with what it printed, where it fails. */
export function secondsOf(
  program: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<number> {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => (output += text));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve((performance.now() - start) / 1000);
      else reject(new Error(`${program} ${args.join(' ')} ended with exit code ${code}:\n${output}`));
    });
  });
}

/** Times of two kinds of run, in the order in which they were made. */
export interface Pairs {
  readonly ours: readonly number[];
  readonly reference: readonly number[];
}

/**
 * Runs both by turns, so that whatever else the machine does meets both alike, after one run of each that does not
 * count. Who goes first changes from pair to pair.
 */
export async function pairs(
  count: number,
  runs: { readonly ours: () => Promise<number>; readonly reference: () => Promise<number> },
): Promise<Pairs> {
  await runs.reference();
  await runs.ours();
  const ours: number[] = [];
  const reference: number[] = [];
  for (let pair = 0; pair < count; pair++) {
    const oursFirst = pair % 2 === 0;
    if (oursFirst) ours.push(await runs.ours());
    reference.push(await runs.reference());
    if (!oursFirst) ours.push(await runs.ours());
  }
  return { ours, reference };
}

/** The middle value; of an even number the mean of the two in the middle. NaN for none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2;
}
