import { deflateRaw } from 'node:zlib';
import { mapInOrder } from '../format/map-in-order.js';
import {
  QCOW2_CLUSTER_BYTES as CLUSTER_BYTES,
  QCOW2_WINDOW_BITS,
  type Qcow2Compressed,
  qcow2Layout,
} from '../format/qcow2.js';
import type { BlobRange } from '../model/layer.js';
import { blockBytes } from './block-bytes.js';
import type { BlockImage, Extent, Region } from './block-image.js';
import { endOf, hasData, type Span } from './block-span.js';
import { composeBlocks } from './compose-blocks.js';
import { storedImage } from './content-blocks.js';
import type { EncodeContext } from './context.js';
import { qcow2Tables } from './qcow2-tables.js';
import { sliceBlocks } from './slice-blocks.js';

const LEVEL = 6;
const IN_FLIGHT = 16;
/** Raised when what is kept under a region's key changes. */
const KEPT_VERSION = 1;
/** Of a cluster's size, behind the clusters that are kept. */
const SIZE_BYTES = 4;

/** Clusters that lie one behind the other in the store, and in the file. */
interface Kept extends Qcow2Compressed {
  readonly range: BlobRange;
}

/**
 * The qcow2 file of a disk, with the clusters compressed that lie in a region: once for as long as its key is the same.
 * What lies in no region, and what does not become smaller, is in the file as it is. The bytes follow from the disk, its
 * regions, and the release of zlib.
 */
export async function encodeCompressedQcow2Image(disk: BlockImage, context: EncodeContext): Promise<BlockImage> {
  const kept: Kept[] = [];
  for (const region of disk.regions) kept.push(...(await keptOf(disk, { region, context })));
  const layout = qcow2Layout({ sizeBytes: disk.sizeBytes, data: dataBeside(disk, kept), compressed: kept });
  const parts = [
    ...layout.runs.map((run) => ({ offset: run.fileOffset, image: sliceBlocks(disk, run) })),
    ...kept.map(({ range }, index) => ({
      offset: layout.compressed[index] as number,
      image: storedImage(range, context),
    })),
  ].sort((a, b) => a.offset - b.offset);
  return composeBlocks([{ offset: 0, image: qcow2Tables(layout) }, ...parts], {
    sizeBytes: layout.fileBytes,
    between: 'zero',
  });
}

interface RegionTask {
  readonly region: Region;
  readonly context: EncodeContext;
}

/** Clusters of a region that became smaller: those that follow each other are one. */
async function keptOf(disk: BlockImage, { region, context }: RegionTask): Promise<Kept[]> {
  const first = Math.ceil(region.offset / CLUSTER_BYTES);
  const count = Math.floor(endOf(region) / CLUSTER_BYTES) - first;
  if (count <= 0) return [];
  // Where clusters begin in the region depends on its place.
  const phase = first * CLUSTER_BYTES - region.offset;
  const how = `qcow2-clusters/${KEPT_VERSION} zlib ${process.versions.zlib} level ${LEVEL}`;
  const range = await context.memo(`${how} ${phase} ${count} ${region.key}`, () =>
    compressedClusters(disk, { first, count, context }),
  );
  const table = Buffer.alloc(count * SIZE_BYTES);
  const body = range.sizeBytes - table.byteLength;
  await context.readInto({ ...range, offset: range.offset + body, sizeBytes: table.byteLength }, table);
  const kept: {
    cluster: number;
    sizes: number[];
    range: { blob: BlobRange['blob']; offset: number; sizeBytes: number };
  }[] = [];
  let offset = range.offset;
  for (let index = 0; index < count; index += 1) {
    const size = table.readUInt32LE(index * SIZE_BYTES);
    if (size === 0) continue;
    const last = kept.at(-1);
    if (last !== undefined && last.cluster + last.sizes.length === first + index) {
      last.sizes.push(size);
      last.range.sizeBytes += size;
    } else {
      kept.push({ cluster: first + index, sizes: [size], range: { blob: range.blob, offset, sizeBytes: size } });
    }
    offset += size;
  }
  return kept;
}

/** The clusters that became smaller, and then the size of each; 0 for the others. */
async function* compressedClusters(
  disk: BlockImage,
  { first, count, context }: { readonly first: number; readonly count: number; readonly context: EncodeContext },
): AsyncGenerator<Uint8Array, void, undefined> {
  const table = Buffer.alloc(count * SIZE_BYTES);
  const span = { offset: first * CLUSTER_BYTES, sizeBytes: count * CLUSTER_BYTES };
  let index = 0;
  for await (const bytes of mapInOrder(clustersOf(disk, span), compress, { inFlight: IN_FLIGHT })) {
    context.signal.throwIfAborted();
    table.writeUInt32LE(bytes.byteLength, index * SIZE_BYTES);
    index += 1;
    if (bytes.byteLength > 0) yield bytes;
  }
  yield table;
}

/** Each cluster by itself; undefined where there is no data. */
async function* clustersOf(disk: BlockImage, span: Span): AsyncGenerator<Buffer | undefined, void, undefined> {
  let cluster = Buffer.allocUnsafe(CLUSTER_BYTES);
  let filled = 0;
  let offset = span.offset;
  for await (const chunk of blockBytes(disk, span)) {
    for (let taken = 0; taken < chunk.byteLength; ) {
      const part = chunk.subarray(taken, taken + CLUSTER_BYTES - filled);
      cluster.set(part, filled);
      taken += part.byteLength;
      filled += part.byteLength;
      if (filled < CLUSTER_BYTES) continue;
      yield hasData(disk, { offset, sizeBytes: CLUSTER_BYTES }) ? cluster : undefined;
      cluster = Buffer.allocUnsafe(CLUSTER_BYTES);
      filled = 0;
      offset += CLUSTER_BYTES;
    }
  }
}

const NOTHING = Buffer.alloc(0);

/** Nothing, where it does not become smaller. */
function compress(cluster: Buffer | undefined): Promise<Buffer> {
  if (cluster === undefined) return Promise.resolve(NOTHING);
  return new Promise((resolve, reject) => {
    deflateRaw(cluster, { level: LEVEL, windowBits: QCOW2_WINDOW_BITS, memLevel: 9 }, (error, bytes) => {
      if (error === null) resolve(bytes.byteLength < CLUSTER_BYTES ? bytes : NOTHING);
      else reject(error);
    });
  });
}

/** Data that is not in clusters that are kept. */
function* dataBeside({ extents }: BlockImage, kept: readonly Kept[]): Generator<Extent> {
  const spans = kept.map(({ cluster, sizes }) => ({
    offset: cluster * CLUSTER_BYTES,
    sizeBytes: sizes.length * CLUSTER_BYTES,
  }));
  let next = 0;
  for (const extent of extents) {
    if (extent.kind !== 'data') continue;
    let at = extent.offset;
    for (let span = spans[next]; span !== undefined && span.offset < endOf(extent); span = spans[next]) {
      if (span.offset > at) yield { ...extent, offset: at, sizeBytes: span.offset - at };
      at = Math.max(at, Math.min(endOf(span), endOf(extent)));
      // It may reach into the next extent.
      if (endOf(span) > endOf(extent)) break;
      next += 1;
    }
    if (at < endOf(extent)) yield { ...extent, offset: at, sizeBytes: endOf(extent) - at };
  }
}
