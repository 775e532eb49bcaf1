import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tarEnd, tarHeader } from '../../provider/src/format/tar-writer.js';

const FILE_BYTES = 2 ** 30;

/**
 * An OCI layout of one image with one layer: so many files of 1 GiB, which take no room on disk, since they are holes.
 * It is what a build has to read that matters here.
 */
export async function writeHugeLayout(folder: string, files: number): Promise<void> {
  const blobs = join(folder, 'blobs/sha256');
  await mkdir(blobs, { recursive: true });
  const layer = await moveToDigest(await writeLayer(join(folder, 'layer'), files), blobs);
  const config = await writeBlob(blobs, {
    architecture: 'amd64',
    os: 'linux',
    config: {},
    rootfs: { type: 'layers', diff_ids: [layer.digest] },
  });
  const manifest = await writeBlob(blobs, {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...config },
    layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', ...layer }],
  });
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  await writeFile(
    join(folder, 'index.json'),
    JSON.stringify({ schemaVersion: 2, manifests: [{ mediaType, ...manifest }] }),
  );
  await writeFile(join(folder, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
}

async function writeLayer(path: string, files: number): Promise<string> {
  const layer = await open(path, 'w');
  try {
    let at = 0;
    for (let index = 0; index < files; index++) {
      const header = tarHeader({
        path: Buffer.from(`large-${index}`),
        type: 'file',
        mode: 0o644,
        uid: 0,
        gid: 0,
        mtimeSeconds: 0,
        sizeBytes: FILE_BYTES,
      });
      await layer.write(header, 0, header.length, at);
      at += header.length + FILE_BYTES;
    }
    await layer.truncate(at + tarEnd().length);
  } finally {
    await layer.close();
  }
  return path;
}

interface Blob {
  readonly digest: string;
  readonly size: number;
}

async function moveToDigest(path: string, blobs: string): Promise<Blob> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    hash.update(chunk);
    size += chunk.length;
  }
  const hex = hash.digest('hex');
  await rename(path, join(blobs, hex));
  return { digest: `sha256:${hex}`, size };
}

async function writeBlob(blobs: string, value: unknown): Promise<Blob> {
  const bytes = Buffer.from(JSON.stringify(value));
  const hex = createHash('sha256').update(bytes).digest('hex');
  await writeFile(join(blobs, hex), bytes);
  return { digest: `sha256:${hex}`, size: bytes.length };
}
