import { appendFileSync } from 'node:fs';
import { median, type Pairs } from './measure.js';

/** A line of the table that `npm run bench` prints. */
export interface Row {
  readonly name: string;
  readonly oursSeconds: number;
  /** What ours is compared with, and how long that takes. */
  readonly reference?: { readonly name: string; readonly seconds: number };
  /** How much longer than the reference it should take at the most (without one: how long). */
  readonly goalSeconds?: number;
}

/** The row for the medians of both sides. */
export function rowOf(
  name: string,
  measured: Pairs,
  options: { readonly reference: string; readonly goalSeconds: number },
): Row {
  return {
    name,
    oursSeconds: median(measured.ours),
    reference: { name: options.reference, seconds: median(measured.reference) },
    goalSeconds: options.goalSeconds,
  };
}

/** Hands a row to `npm run bench`, which prints the table at the end; prints it where there is nobody to hand it to. */
export function record(row: Row): void {
  const report = process.env.INGOT_BENCH_REPORT;
  if (report === undefined) console.log(row);
  else appendFileSync(report, `${JSON.stringify(row)}\n`);
}
