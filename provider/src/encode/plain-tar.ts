import { tarHeader } from '../format/tar-writer.js';
import { representable } from './representable.js';

/** The header of a file or folder of an archive that is not a root: everybody may read it, and nobody owns it. */
export function plainHeader(
  path: string,
  {
    type,
    sizeBytes,
    mtimeSeconds,
  }: {
    readonly type: 'file' | 'directory';
    readonly sizeBytes: number;
    readonly mtimeSeconds: number;
  },
): Buffer {
  const mode = type === 'file' ? 0o644 : 0o755;
  const header = { path: Buffer.from(path), type, mode, uid: 0, gid: 0, mtimeSeconds, sizeBytes };
  return representable(path, 'a tar', () => tarHeader(header));
}
