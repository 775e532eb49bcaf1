import { tarEnd, tarHeader, tarPadding } from '../format/tar-writer.js';
import type { BlockImage } from './block-image.js';
import { bytesImage } from './content-blocks.js';

/** A file of the partition that describes the rest of a disk. */
export interface MetadataFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * What a disk says of itself: a tar, so that everybody can read it back (`tar -t < the partition`), with the files in
 * the order in which they are given.
 */
export function metadataImage(files: readonly MetadataFile[]): BlockImage {
  return bytesImage(Buffer.concat([...files.flatMap(entryOf), tarEnd()]));
}

function entryOf({ name, bytes }: MetadataFile): Uint8Array[] {
  const header = tarHeader({
    ...{ path: Buffer.from(name), type: 'file', mode: 0o444, uid: 0, gid: 0, mtimeSeconds: 0 },
    sizeBytes: bytes.byteLength,
  });
  return [header, bytes, tarPadding(bytes.byteLength)];
}
