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
  /** How long it should take at the most, whatever the reference. */
  readonly goalTotalSeconds?: number;
  /** Of all its threads: what other programs on the machine change little. */
  readonly cpuSeconds?: number;
}

/** The row for the medians of both sides. */
export function rowOf(
  name: string,
  measured: Pairs,
  options: { readonly reference: string; readonly goalSeconds?: number },
): Row {
  const { reference, goalSeconds } = options;
  return {
    name,
    oursSeconds: median(measured.ours),
    reference: { name: reference, seconds: median(measured.reference) },
    ...(goalSeconds === undefined ? {} : { goalSeconds }),
  };
}

/** A line of the second table: memory that a program had at the most, in millions of bytes. */
export interface MemoryRow {
  readonly name: string;
  readonly megabytes: number;
  readonly reference?: { readonly name: string; readonly megabytes: number };
  readonly goalMegabytes?: number;
}

/** A line of the third table: blocks of 512 KiB that differ between two disks. */
export interface BlockRow {
  readonly name: string;
  readonly blocks: number;
  readonly of: number;
  readonly goal: number;
  /** How many of them lie in which partition. */
  readonly places: Readonly<Record<string, number>>;
}

/** A line of the fourth table: what something takes in a state or an image, in thousands of bytes. */
export interface SizeRow {
  readonly name: string;
  readonly kilobytes: number;
  readonly goalKilobytes?: number;
}

/** Hands a row to `npm run bench`, which prints the table at the end; prints it where there is nobody to hand it to. */
export function record(row: Row): void {
  handOver(row);
}

/** The same for memory. */
export function recordMemory(row: MemoryRow): void {
  handOver(row);
}

/** The same for blocks. */
export function recordBlocks(row: BlockRow): void {
  handOver(row);
}

/** The same for sizes. */
export function recordSize(row: SizeRow): void {
  handOver(row);
}

function handOver(row: Row | MemoryRow | BlockRow | SizeRow): void {
  const report = process.env.INGOT_BENCH_REPORT;
  if (report === undefined) console.log(row);
  else appendFileSync(report, `${JSON.stringify(row)}\n`);
}
