import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { encodePath } from '../../format/path-text.js';
import { tarEnd, tarHeader, tarPadding } from '../../format/tar-writer.js';
import { type Digest, hexOf, sha256 } from '../../model/digest.js';

/** Images made without any tool, for tests: written by the letter of the specification. */

export interface FixtureLayer {
  /** By path; a text is a file, `null` a folder. */
  readonly files: Readonly<Record<string, string | null>>;
  readonly compression?: 'none' | 'gzip' | 'zstd';
  readonly mediaType?: string;
  /** Where the layer is, in place of the blobs. */
  readonly urls?: readonly string[];
}

export interface FixtureImage {
  readonly layers: readonly FixtureLayer[];
  readonly config?: Readonly<Record<string, unknown>>;
  readonly platform?: { readonly os: string; readonly architecture: string; readonly variant?: string };
  /** In place of the digests of the uncompressed layers. */
  readonly diffIds?: readonly string[];
}

export interface FixtureDescriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly platform?: object;
  readonly annotations?: Readonly<Record<string, string>>;
}

const SUFFIX = { none: '', gzip: '+gzip', zstd: '+zstd' } as const;

/** Blobs by digest, as they are in a layout. */
export class FixtureBlobs {
  readonly blobs = new Map<Digest, Buffer>();
  /** Layers that are not in the layout. */
  readonly elsewhere = new Map<Digest, Buffer>();

  add(bytes: Buffer, mediaType: string): FixtureDescriptor {
    const digest = sha256(bytes);
    this.blobs.set(digest, bytes);
    return { mediaType, digest, size: bytes.length };
  }

  addJson(json: unknown, mediaType: string): FixtureDescriptor {
    return this.add(Buffer.from(JSON.stringify(json)), mediaType);
  }

  addImage(image: FixtureImage): FixtureDescriptor {
    const { os, architecture, variant } = image.platform ?? { os: 'linux', architecture: 'amd64' };
    const tars = image.layers.map(({ files }) => tarOf(files));
    const layers = image.layers.map(({ compression = 'gzip', mediaType, urls }, index) => {
      const tar = tars[index] as Buffer;
      const bytes = compression === 'none' ? tar : compression === 'gzip' ? gzipSync(tar) : zstdCompressSync(tar);
      const layer = this.add(bytes, mediaType ?? `application/vnd.oci.image.layer.v1.tar${SUFFIX[compression]}`);
      if (urls === undefined) return layer;
      this.blobs.delete(layer.digest);
      this.elsewhere.set(layer.digest, bytes);
      return { ...layer, urls };
    });
    const config = this.addJson(
      {
        os,
        architecture,
        ...(variant === undefined ? {} : { variant }),
        config: image.config ?? {},
        rootfs: { type: 'layers', diff_ids: image.diffIds ?? tars.map((tar) => sha256(tar)) },
      },
      'application/vnd.oci.image.config.v1+json',
    );
    const mediaType = 'application/vnd.oci.image.manifest.v1+json';
    const manifest = this.addJson({ schemaVersion: 2, mediaType, config, layers }, mediaType);
    return { ...manifest, platform: { os, architecture, ...(variant === undefined ? {} : { variant }) } };
  }

  addIndex(manifests: readonly FixtureDescriptor[]): FixtureDescriptor {
    const mediaType = 'application/vnd.oci.image.index.v1+json';
    return this.addJson({ schemaVersion: 2, mediaType, manifests }, mediaType);
  }
}

/** Writes an OCI layout. Descriptors get their key as the name of the image, except under the empty key. */
export function writeLayout(
  folder: string,
  { blobs }: FixtureBlobs,
  images: Readonly<Record<string, FixtureDescriptor>>,
): void {
  mkdirSync(join(folder, 'blobs', 'sha256'), { recursive: true });
  for (const [digest, bytes] of blobs) writeFileSync(join(folder, 'blobs', 'sha256', hexOf(digest)), bytes);
  const manifests = Object.entries(images).map(([name, descriptor]) =>
    name === '' ? descriptor : { ...descriptor, annotations: { 'org.opencontainers.image.ref.name': name } },
  );
  writeFileSync(join(folder, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  writeFileSync(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
}

export function tarOf(files: Readonly<Record<string, string | null>>): Buffer {
  const parts = Object.entries(files).flatMap(([path, text]) => {
    const body = Buffer.from(text ?? '');
    const type = text === null ? ('directory' as const) : ('file' as const);
    const fields = { path: encodePath(path), type, mode: type === 'file' ? 0o644 : 0o755, uid: 0, gid: 0 };
    return [
      tarHeader({ ...fields, mtimeSeconds: 1_600_000_000, sizeBytes: body.length }),
      body,
      tarPadding(body.length),
    ];
  });
  return Buffer.concat([...parts, tarEnd()]);
}
