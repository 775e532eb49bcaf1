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
  /** Clusters that are in the file compressed instead, by number. Default: none. */
  readonly compressed?: readonly Qcow2Compressed[];
}

/** Clusters of the disk that follow each other, each compressed by itself: deflate (RFC 1951) with a window of 4 KiB. */
export interface Qcow2Compressed {
  /** The first. */
  readonly cluster: number;
  /** Bytes of each, 1 to 65,535; they lie one behind the other. */
  readonly sizes: readonly number[];
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
  /** Where the bytes of each of `compressed` begin in the file. */
  readonly compressed: readonly number[];
  readonly tableBytes: number;
  /** What the file begins with, `tableBytes` long: clusters of 64 KiB. */
  readonly tables: () => Iterable<Buffer>;
}

/** "Header": cluster_bits. What qemu-img makes by default. */
const CLUSTER_BITS = 16;
export const QCOW2_CLUSTER_BYTES = 2 ** CLUSTER_BITS;
/** "Compressed Clusters Descriptor": what inflates them has so large a window. */
export const QCOW2_WINDOW_BITS = 12;
const CLUSTER_BYTES = QCOW2_CLUSTER_BYTES;
/** "Refcount table", "L1 table", "L2 table": entries have 64 bits. */
const ENTRIES = CLUSTER_BYTES / 8;
/** "Header": refcount_order 4 is 16 bits. */
const REFCOUNT_ORDER = 4;
const REFCOUNTS = CLUSTER_BYTES / 2;
/** "Header": without what may follow it. */
const HEADER_BYTES = 104;
/** "L1 table entry", "Standard Cluster Descriptor": bit 63, the cluster has one reference. */
const COPIED = 1n << 63n;
/** "L2 table entry": bit 62, the cluster is compressed. */
const COMPRESSED = 1n << 62n;
/** "Compressed Clusters Descriptor": place in bits 0 to x-1, further sectors from x on; x is 62 - (cluster_bits - 8). */
const SECTORS_SHIFT = BigInt(62 - (CLUSTER_BITS - 8));
const SECTOR_BYTES = 512;
/** Places in a table have bits 9 to 55. */
const OFFSET_LIMIT = 2 ** 53;

/**
 * Where everything lies.
 * @throws {FormatError} `out-of-range` for a size that is no multiple of 512, or data outside it or out of order.
 */
export function qcow2Layout({ sizeBytes, data, compressed = [] }: Qcow2Options): Qcow2Layout {
  if (!Number.isSafeInteger(sizeBytes / 512) || sizeBytes < 0 || sizeBytes >= OFFSET_LIMIT) {
    throw refused('sizeBytes', `is ${sizeBytes}; wanted a multiple of 512`);
  }
  const { stored, dataBytes } = placed([...clusterRuns(data, sizeBytes), ...compressed.map(compressedRun)], sizeBytes);
  const l2Tables = usedTables(stored);
  const dataClusters = Math.ceil(dataBytes / CLUSTER_BYTES);
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
  const plan: Plan = { sizeBytes, l1Entries, l2Tables, stored, counts, first };
  const tableBytes = first.data * CLUSTER_BYTES;
  return {
    fileBytes: tableBytes + dataClusters * CLUSTER_BYTES,
    runs: stored.flatMap((run) => (run.sizes === undefined ? [runOf(run, { tableBytes, sizeBytes })] : [])),
    compressed: stored.flatMap(({ sizes, at }) => (sizes === undefined ? [] : [tableBytes + at])),
    tableBytes,
    tables: () => tablesOf(plan),
  };
}

/** Clusters of the disk that follow each other and are all in the file. */
interface ClusterRun {
  readonly from: number;
  readonly count: number;
  /** Of each, where they are compressed. */
  readonly sizes?: readonly number[];
}

/** At so many bytes behind the tables. */
type Stored = ClusterRun & { readonly at: number };

type Part = 'refcountTable' | 'refcountBlocks' | 'l1' | 'l2' | 'data';

interface Plan {
  readonly sizeBytes: number;
  readonly l1Entries: number;
  /** Numbers of the L2 tables that are there, sorted. */
  readonly l2Tables: readonly number[];
  /** By cluster. */
  readonly stored: readonly Stored[];
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

function compressedRun({ cluster, sizes }: Qcow2Compressed): ClusterRun {
  for (const size of sizes) {
    if (Number.isInteger(size) && size > 0 && size < CLUSTER_BYTES) continue;
    throw refused('compressed', `has ${size} bytes for a cluster; wanted 1 to ${CLUSTER_BYTES - 1}`);
  }
  return { from: cluster, count: sizes.length, sizes };
}

/** In the order of the disk. Only clusters that are not compressed begin where a cluster of the file does. */
function placed(
  runs: readonly ClusterRun[],
  sizeBytes: number,
): { readonly stored: readonly Stored[]; readonly dataBytes: number } {
  let end = 0;
  let at = 0;
  const stored = [...runs]
    .sort((a, b) => a.from - b.from)
    .map((run) => {
      if (run.from < end || (run.from + run.count - 1) * CLUSTER_BYTES >= sizeBytes) {
        throw refused('compressed', `has cluster ${run.from}, which is there already or lies behind the disk`);
      }
      end = run.from + run.count;
      if (run.sizes === undefined) at = Math.ceil(at / CLUSTER_BYTES) * CLUSTER_BYTES;
      const own = { ...run, at };
      at += run.sizes?.reduce((sum, size) => sum + size, 0) ?? run.count * CLUSTER_BYTES;
      return own;
    });
  return { stored, dataBytes: at };
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

function runOf(
  { from, count, at }: Stored,
  { tableBytes, sizeBytes }: { readonly tableBytes: number; readonly sizeBytes: number },
): Qcow2Run {
  const offset = from * CLUSTER_BYTES;
  const length = Math.min(count * CLUSTER_BYTES, sizeBytes - offset);
  return { offset, fileOffset: tableBytes + at, sizeBytes: length };
}

function* tablesOf(plan: Plan): Generator<Buffer, void, undefined> {
  const { counts, first, l2Tables } = plan;
  yield header(plan);
  yield* entries(counts.refcountTable, (index) =>
    index < counts.refcountBlocks ? placeOf(first.refcountBlocks + index) : 0n,
  );
  yield* refcountBlocks(plan);
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

/**
 * "Refcount block": every cluster of the file has one reference, or one for each compressed cluster that has a sector in
 * it; what is behind its end has none.
 */
function* refcountBlocks(plan: Plan): Generator<Buffer, void, undefined> {
  const { counts, first } = plan;
  const shared = sharedCounts(plan);
  const all = first.data + counts.data;
  for (let block = 0; block < counts.refcountBlocks; block += 1) {
    const bytes = Buffer.alloc(CLUSTER_BYTES);
    const from = block * REFCOUNTS;
    for (let cluster = from; cluster < Math.min(from + REFCOUNTS, all); cluster += 1) {
      const count = cluster < first.data ? 1 : (shared?.[cluster - first.data] ?? 1);
      bytes.writeUInt16BE(count, (cluster - from) * 2);
    }
    yield bytes;
  }
}

/** References to the clusters behind the tables; undefined where each has one. */
function sharedCounts({ stored, counts }: Plan): Uint32Array | undefined {
  if (stored.every(({ sizes }) => sizes === undefined)) return undefined;
  const shared = new Uint32Array(counts.data);
  for (const { at, count, sizes } of stored) {
    if (sizes === undefined) shared.fill(1, at / CLUSTER_BYTES, at / CLUSTER_BYTES + count);
    let end = at;
    for (const size of sizes ?? []) {
      const first = Math.floor(end / CLUSTER_BYTES);
      end += size;
      for (let own = first; own <= Math.floor((end - 1) / CLUSTER_BYTES); own += 1)
        shared[own] = (shared[own] ?? 0) + 1;
    }
  }
  return shared;
}

/** "L2 table": a cluster that is not there is 0, and reads as zeros without a backing file. */
function* l2TablesOf(plan: Plan): Generator<Buffer, void, undefined> {
  const all = l2Entries(plan);
  let next = all.next();
  for (const number of plan.l2Tables) {
    const table = Buffer.alloc(CLUSTER_BYTES);
    for (; next.done !== true && next.value.cluster < (number + 1) * ENTRIES; next = all.next()) {
      table.writeBigUInt64BE(next.value.entry, (next.value.cluster % ENTRIES) * 8);
    }
    yield table;
  }
}

function* l2Entries({ stored, first }: Plan): Generator<{ readonly cluster: number; readonly entry: bigint }> {
  for (const { from, count, at, sizes } of stored) {
    let place = first.data * CLUSTER_BYTES + at;
    for (let index = 0; index < count; index += 1) {
      const size = sizes?.[index];
      const entry = size === undefined ? BigInt(place) | COPIED : compressedEntry(place, size);
      yield { cluster: from + index, entry };
      place += size ?? CLUSTER_BYTES;
    }
  }
}

/** "Compressed Clusters Descriptor": sectors beyond the one that it begins in. */
function compressedEntry(place: number, sizeBytes: number): bigint {
  const sectors = Math.floor(((place % SECTOR_BYTES) + sizeBytes - 1) / SECTOR_BYTES);
  return COMPRESSED | (BigInt(sectors) << SECTORS_SHIFT) | BigInt(place);
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
