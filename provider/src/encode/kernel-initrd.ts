import { mapInOrder } from '../format/map-in-order.js';
import type { BlobRange } from '../model/layer.js';
import type { Tree } from '../model/tree.js';
import { archiveBytes, contentBytes } from './archive.js';
import { bootParts, type FileEntry } from './boot-parts.js';
import { compressSegment, frameRooms } from './compress-segment.js';
import { type Compression, compressorOf } from './compression.js';
import type { EncodeContext, EncodedFile } from './context.js';
import { checkInitramfsLimits } from './initramfs-limits.js';
import { type InitrdSegment, initrdSegments, segmentKey } from './initrd-segments.js';
import { resolveInodes } from './inodes.js';
import { partBytes } from './parts.js';

export interface KernelInitrdOptions {
  readonly commandLine: string;
  /**
   * Default: `zstd`. `none` boots fastest where the initrd need not be sent anywhere, and is not kept by segment,
   * since its bytes lie in the store already; it takes the root's size in memory twice while it is unpacked.
   */
  readonly compression?: Compression;
}

/** Segments that are made or looked up at once. */
const SEGMENTS_IN_FLIGHT = 2;

/**
 * What a boot loader takes: roles `kernel`, `initrd` and `cmdline`. The initrd is the microcode, uncompressed and first
 * as the kernel wants it, and then the segments of the root, each compressed by itself and kept by what is in it.
 * `zstd -dc` or `zcat`, piped into `cpio -t`, read it where there is no microcode. Its length is a multiple of 4 only
 * without compression: who appends an uncompressed archive must pad it first.
 * @throws {EncodeError} `no-kernel`, `bad-tree`, or `unrepresentable`.
 */
export async function encodeKernelInitrd(
  tree: Tree,
  options: KernelInitrdOptions,
  context: EncodeContext,
): Promise<EncodedFile[]> {
  const { kernel, microcode, root } = bootParts(tree);
  const segments = segmentsOf(root);
  const compression = options.compression ?? 'zstd';
  const commandLine = { bytes: Buffer.from(options.commandLine) };
  return [
    {
      role: 'kernel',
      bytes: () => contentBytes(kernel.path, kernel.content, context),
      parts: () => [kernel.content],
    },
    initrdFile({ microcode, segments, compression }, context),
    { role: 'cmdline', bytes: () => partBytes([commandLine], context), parts: () => [commandLine] },
  ];
}

/** Segments of a root that is unpacked into memory. @throws {EncodeError} `unrepresentable`. */
export function segmentsOf({ entries: all, components }: Tree): InitrdSegment[] {
  const entries = resolveInodes(all);
  checkInitramfsLimits(entries);
  return initrdSegments(entries, components);
}

interface Initrd {
  readonly microcode: FileEntry | undefined;
  readonly segments: readonly InitrdSegment[];
  readonly compression: Compression;
}

function initrdFile(initrd: Initrd, context: EncodeContext): EncodedFile {
  const { microcode, segments, compression } = initrd;
  const role = 'initrd';
  if (compression === 'none') {
    const bytes = async function* () {
      yield* microcodeBytes(microcode, context);
      yield* archiveBytes(segments.flat(), context);
    };
    return { role, bytes };
  }
  const compressed = () => compressedSegments(segments, compression, context);
  return {
    role,
    bytes: async function* () {
      yield* microcodeBytes(microcode, context);
      for await (const range of compressed()) {
        context.signal.throwIfAborted();
        yield* context.read(range);
      }
    },
    parts: async function* () {
      if (microcode !== undefined) yield* [microcode.content, { bytes: zerosAfter(microcode.content.sizeBytes) }];
      yield* compressed();
    },
  };
}

async function* microcodeBytes(
  microcode: FileEntry | undefined,
  context: EncodeContext,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (microcode === undefined) return;
  yield* contentBytes(microcode.path, microcode.content, context);
  yield zerosAfter(microcode.content.sizeBytes);
}

/** Where the compressed segments lie in the store, in their order: made where they are not there. */
export function compressedSegments(
  segments: readonly InitrdSegment[],
  compression: Exclude<Compression, 'none'>,
  context: EncodeContext,
): AsyncIterable<BlobRange> {
  const compressor = compressorOf('kernel+initrd', compression);
  const options = { compression, rooms: frameRooms() };
  return mapInOrder(
    segments,
    (segment) => context.memo(segmentKey(segment, compressor), () => compressSegment(segment, options, context)),
    { inFlight: SEGMENTS_IN_FLIGHT },
  );
}

/** An uncompressed archive must begin at a multiple of 4; zeros between archives are skipped. */
function zerosAfter(sizeBytes: number): Uint8Array {
  return new Uint8Array((4 - (sizeBytes % 4)) % 4);
}
