import { FormatError } from './error.js';

/**
 * Disks that hold what was written to them and nothing else: the qcow2 format, version 3, as QEMU's documentation has it
 * (docs/interop/qcow2), cited below by section. All tables come first, then the data in the order of the disk, so a file
 * is written from beginning to end.
 */

export interface Qcow2Options {
  /** Of the disk: a multiple of 512. */
  readonly sizeBytes: number;
  /** Parts of the disk that hold data, by offset; the rest reads as zeros. */
  readonly data: Iterable<{ readonly offset: number; readonly sizeBytes: number }>;
}

/** Bytes of the disk that lie together in the file. */
export interface Qcow2Run {
  /** Of the disk: a multiple of 64 KiB. */
  readonly offset: number;
  /** In the file. */
  readonly fileOffset: number;
  /** A multiple of 64 KiB, if the disk does not end before. */
  readonly sizeBytes: number;
}

export interface Qcow2Layout {
  /** A multiple of 64 KiB. */
  readonly fileBytes: number;
  /** By offset, in the disk and in the file. */
  readonly runs: readonly Qcow2Run[];
  /** What the file begins with, up to the first run: clusters of 64 KiB. */
  readonly tables: () => Iterable<Buffer>;
}

/** "Header": cluster_bits. What qemu-img makes by default. */
const CLUSTER_BITS = 16;
const CLUSTER_BYTES = 2 ** CLUSTER_BITS;
/** "Refcount table", "L1 table", "L2 table": entries have 64 bits. */
const ENTRIES = CLUSTER_BYTES / 8;
/** "Header": refcount_order 4 is 16 bits. */
const REFCOUNT_ORDER = 4;
const REFCOUNTS = CLUSTER_BYTES / 2;
/** "Header": without what may follow it. */
const HEADER_BYTES = 104;
/** "L1 table entry", "Standard Cluster Descriptor": bit 63, the cluster has one reference. */
const COPIED = 1n << 63n;
/** Places in a table have bits 9 to 55. */
const OFFSET_LIMIT = 2 ** 53;

/**
 * Where everything lies.
 * @throws {FormatError} `out-of-range` for a size that is no multiple of 512, or data outside it or out of order.
 */
export function qcow2Layout({ sizeBytes, data }: Qcow2Options): Qcow2Layout {
  if (!Number.isSafeInteger(sizeBytes / 512) || sizeBytes < 0 || sizeBytes >= OFFSET_LIMIT) {
    throw refused('sizeBytes', `is ${sizeBytes}; wanted a multiple of 512`);
  }
  const clusters = clusterRuns(data, sizeBytes);
  const l2Tables = usedTables(clusters);
  const dataClusters = clusters.reduce((sum, { count }) => sum + count, 0);
  const l1Entries = Math.ceil(sizeBytes / CLUSTER_BYTES / ENTRIES);
  const counts = {
    l1: Math.ceil(l1Entries / ENTRIES),
    l2: l2Tables.length,
    data: dataClusters,
    ...refcountClusters(1 + Math.ceil(l1Entries / ENTRIES) + l2Tables.length + dataClusters),
  };
  const first = {
    refcountTable: 1,
    refcountBlocks: 1 + counts.refcountTable,
    l1: 1 + counts.refcountTable + counts.refcountBlocks,
    l2: 1 + counts.refcountTable + counts.refcountBlocks + counts.l1,
    data: 1 + counts.refcountTable + counts.refcountBlocks + counts.l1 + counts.l2,
  };
  const plan: Plan = { sizeBytes, l1Entries, l2Tables, clusters, counts, first };
  let next = first.data;
  const runs = clusters.map(({ from, count }) => {
    const run = runOf({ from, count, at: next }, sizeBytes);
    next += count;
    return run;
  });
  return { fileBytes: next * CLUSTER_BYTES, runs, tables: () => tablesOf(plan) };
}

/** Clusters of the disk that follow each other and are all in the file. */
interface ClusterRun {
  readonly from: number;
  readonly count: number;
}

type Part = 'refcountTable' | 'refcountBlocks' | 'l1' | 'l2' | 'data';

interface Plan {
  readonly sizeBytes: number;
  readonly l1Entries: number;
  /** Numbers of the L2 tables that are there, sorted. */
  readonly l2Tables: readonly number[];
  readonly clusters: readonly ClusterRun[];
  /** Of clusters. */
  readonly counts: Readonly<Record<Part, number>>;
  /** Cluster of the file that each part begins with. */
  readonly first: Readonly<Record<Part, number>>;
}

function clusterRuns(data: Qcow2Options['data'], sizeBytes: number): ClusterRun[] {
  const runs: { from: number; count: number }[] = [];
  let end = 0;
  for (const { offset, sizeBytes: length } of data) {
    if (offset < end || length < 0 || offset + length > sizeBytes) {
      throw refused('data', `has ${length} bytes at ${offset}; wanted them between ${end} and ${sizeBytes}`);
    }
    end = offset + length;
    if (length === 0) continue;
    const last = runs.at(-1);
    const behind = last === undefined ? 0 : last.from + last.count;
    const from = Math.max(Math.floor(offset / CLUSTER_BYTES), behind);
    const count = Math.ceil(end / CLUSTER_BYTES) - from;
    if (last !== undefined && from === behind) last.count += count;
    else if (count > 0) runs.push({ from, count });
  }
  return runs;
}

function usedTables(clusters: readonly ClusterRun[]): number[] {
  const tables: number[] = [];
  for (const { from, count } of clusters) {
    const last = Math.floor((from + count - 1) / ENTRIES);
    for (let table = Math.max(Math.floor(from / ENTRIES), (tables.at(-1) ?? -1) + 1); table <= last; table += 1) {
      tables.push(table);
    }
  }
  return tables;
}

/** Refcounts count their own clusters too. */
function refcountClusters(others: number): { readonly refcountTable: number; readonly refcountBlocks: number } {
  let counts = { refcountTable: 1, refcountBlocks: 1 };
  for (;;) {
    const refcountBlocks = Math.ceil((others + counts.refcountTable + counts.refcountBlocks) / REFCOUNTS);
    const refcountTable = Math.ceil(refcountBlocks / ENTRIES);
    // Neither becomes less, so this ends.
    if (refcountBlocks === counts.refcountBlocks && refcountTable === counts.refcountTable) return counts;
    counts = { refcountTable, refcountBlocks };
  }
}

function runOf({ from, count, at }: ClusterRun & { readonly at: number }, sizeBytes: number): Qcow2Run {
  const offset = from * CLUSTER_BYTES;
  return {
    offset,
    fileOffset: at * CLUSTER_BYTES,
    sizeBytes: Math.min(count * CLUSTER_BYTES, sizeBytes - offset),
  };
}

function* tablesOf(plan: Plan): Generator<Buffer, void, undefined> {
  const { counts, first, l2Tables } = plan;
  yield header(plan);
  const all = first.data + counts.data;
  yield* entries(counts.refcountTable, (index) =>
    index < counts.refcountBlocks ? placeOf(first.refcountBlocks + index) : 0n,
  );
  for (let block = 0; block < counts.refcountBlocks; block += 1) yield refcountBlock(all - block * REFCOUNTS);
  const places = new Map(l2Tables.map((table, index) => [table, placeOf(first.l2 + index) | COPIED]));
  yield* entries(counts.l1, (index) => places.get(index) ?? 0n);
  yield* l2TablesOf(plan);
}

/** "Header". */
function header({ sizeBytes, l1Entries, counts, first }: Plan): Buffer {
  const cluster = Buffer.alloc(CLUSTER_BYTES);
  cluster.write('QFI\xfb', 0, 'latin1'); // magic
  cluster.writeUInt32BE(3, 4); // version
  cluster.writeBigUInt64BE(0n, 8); // backing_file_offset: none
  cluster.writeUInt32BE(0, 16); // backing_file_size
  cluster.writeUInt32BE(CLUSTER_BITS, 20); // cluster_bits
  cluster.writeBigUInt64BE(BigInt(sizeBytes), 24); // size
  cluster.writeUInt32BE(0, 32); // crypt_method: none
  cluster.writeUInt32BE(l1Entries, 36); // l1_size
  cluster.writeBigUInt64BE(placeOf(first.l1), 40); // l1_table_offset
  cluster.writeBigUInt64BE(placeOf(first.refcountTable), 48); // refcount_table_offset
  cluster.writeUInt32BE(counts.refcountTable, 56); // refcount_table_clusters
  cluster.writeUInt32BE(0, 60); // nb_snapshots
  cluster.writeBigUInt64BE(0n, 64); // snapshots_offset
  cluster.writeBigUInt64BE(0n, 72); // incompatible_features
  cluster.writeBigUInt64BE(0n, 80); // compatible_features
  cluster.writeBigUInt64BE(0n, 88); // autoclear_features
  cluster.writeUInt32BE(REFCOUNT_ORDER, 96); // refcount_order
  cluster.writeUInt32BE(HEADER_BYTES, 100); // header_length
  return cluster; // "Header extensions": type 0 ends them
}

/** "Refcount block": every cluster of the file has one reference; what is behind its end has none. */
function refcountBlock(left: number): Buffer {
  const block = Buffer.alloc(CLUSTER_BYTES);
  for (let at = 0; at < Math.min(left, REFCOUNTS); at += 1) block.writeUInt16BE(1, at * 2);
  return block;
}

/** "L2 table": a cluster that is not there is 0, and reads as zeros without a backing file. */
function* l2TablesOf({ l2Tables, clusters, first }: Plan): Generator<Buffer, void, undefined> {
  let index = 0;
  let done = 0;
  let place = first.data;
  for (const number of l2Tables) {
    const table = Buffer.alloc(CLUSTER_BYTES);
    const end = (number + 1) * ENTRIES;
    for (let run = clusters[index]; run !== undefined && run.from + done < end; run = clusters[index]) {
      const to = Math.min(run.from + run.count, end);
      for (let cluster = run.from + done; cluster < to; cluster += 1) {
        table.writeBigUInt64BE(placeOf(place) | COPIED, (cluster % ENTRIES) * 8);
        place += 1;
      }
      done = to - run.from;
      if (done < run.count) break;
      index += 1;
      done = 0;
    }
    yield table;
  }
}

/** So many clusters full of entries. */
function* entries(clusters: number, entry: (index: number) => bigint): Generator<Buffer, void, undefined> {
  for (let cluster = 0; cluster < clusters; cluster += 1) {
    const table = Buffer.alloc(CLUSTER_BYTES);
    for (let index = 0; index < ENTRIES; index += 1) {
      table.writeBigUInt64BE(entry(cluster * ENTRIES + index), index * 8);
    }
    yield table;
  }
}

function placeOf(cluster: number): bigint {
  return BigInt(cluster * CLUSTER_BYTES);
}

function refused(field: string, problem: string): FormatError {
  return new FormatError('out-of-range', `Cannot write a qcow2 image: ${field} ${problem}`, {
    context: { property: field },
  });
}
