import { tarEnd, tarPadding } from '../format/tar-writer.js';
import type { Tree } from '../model/tree.js';
import { archiveBytes } from './archive.js';
import type { ArchiveEntry } from './archive-chunks.js';
import type { EncodeContext, EncodedFile } from './context.js';
import { type OciFile, type OciImageOptions, ociLayout } from './oci-image.js';
import { plainHeader } from './plain-tar.js';

/**
 * The layout of encodeOci() in one tar. Role: `oci-archive`.
 * @throws {EncodeError} `bad-tree`, or `unrepresentable`.
 */
export async function encodeOciArchive(
  tree: Tree,
  options: OciImageOptions,
  context: EncodeContext,
): Promise<EncodedFile[]> {
  const files = await ociLayout(tree, options, context);
  const entries = archiveOf(files, options.sourceDateEpoch);
  return [{ role: 'oci-archive', bytes: (how) => archiveBytes(entries, context, how) }];
}

function archiveOf(files: readonly OciFile[], mtimeSeconds: number): ArchiveEntry[] {
  const folder = (path: string): ArchiveEntry => {
    return { path, header: plainHeader(path, { type: 'directory', sizeBytes: 0, mtimeSeconds }) };
  };
  const file = ({ path, content }: OciFile): ArchiveEntry => {
    const { sizeBytes } = content;
    return {
      path,
      header: plainHeader(path, { type: 'file', sizeBytes, mtimeSeconds }),
      content,
      padding: tarPadding(sizeBytes),
    };
  };
  const blobs = files.filter(({ path }) => path.startsWith('blobs/'));
  const others = files.filter(({ path }) => !path.startsWith('blobs/'));
  return [
    ...others.map(file),
    ...[folder('blobs'), folder('blobs/sha256')],
    ...blobs.map(file),
    { path: '', header: tarEnd() },
  ];
}
