import type { ByteSource } from '../../format/byte-source.js';
import { FormatError } from '../../format/error.js';
import { TAR_BLOCK_BYTES } from '../../format/tar-fields.js';
import { decodeTarHeader } from '../../format/tar-reader-header.js';
import { normalizeArchivePath } from '../../format/tar-reader-path.js';
import { decodePaxRecords, paxNumber } from '../../format/tar-reader-pax.js';

/** Where the body of a file lies in an archive. */
export interface TarFile {
  readonly offset: number;
  readonly sizeBytes: number;
}

/** An image has a file per layer and a few documents. */
const MAX_ENTRIES = 65_536;
const MAX_META_BYTES = 1 << 20;
const MAX_LINKS = 8;

/**
 * The files of an uncompressed tar archive by path, links resolved. Bodies are stepped over, not read: what is read
 * later is verified by digest. The last entry of a name wins.
 * @throws {FormatError} `malformed`, `corrupt`, `truncated`, `too-large`.
 */
export async function listTarFiles(source: ByteSource): Promise<ReadonlyMap<string, TarFile>> {
  const files = new Map<string, TarFile>();
  const links = new Map<string, string>();
  let pax: ReadonlyMap<string, Buffer> | undefined;
  let longName: Buffer | undefined;
  let longLink: Buffer | undefined;
  let entries = 0;
  for (let at = 0; at + TAR_BLOCK_BYTES <= source.sizeBytes; ) {
    const raw = decodeTarHeader(Buffer.from(await source.read(at, TAR_BLOCK_BYTES)));
    if (raw === null) break;
    if (++entries > MAX_ENTRIES) throw new FormatError('too-large', `it has more than ${MAX_ENTRIES} entries`);
    const offset = at + TAR_BLOCK_BYTES;
    const isMeta = 'xgLK'.includes(raw.typeflag);
    const sizeBytes = (isMeta ? undefined : sizeIn(pax)) ?? raw.sizeBytes;
    if (offset + sizeBytes > source.sizeBytes) throw new FormatError('truncated', 'it ends within a file');
    at = offset + Math.ceil(sizeBytes / TAR_BLOCK_BYTES) * TAR_BLOCK_BYTES;
    if (isMeta) {
      if (sizeBytes > MAX_META_BYTES) throw new FormatError('too-large', `it has a header of ${sizeBytes} bytes`);
      const body = Buffer.from(await source.read(offset, sizeBytes));
      if (raw.typeflag === 'x') pax = decodePaxRecords(body);
      else if (raw.typeflag === 'L') longName = withoutNul(body);
      else if (raw.typeflag === 'K') longLink = withoutNul(body);
      continue;
    }
    const path = normalizeArchivePath(textIn(pax, 'path') ?? longName ?? raw.name);
    const link = (textIn(pax, 'linkpath') ?? longLink ?? raw.linkname).toString('utf8');
    pax = longName = longLink = undefined;
    files.delete(path);
    links.delete(path);
    if (raw.typeflag === '1') links.set(path, link);
    // `docker save` and others give a layer that two images have a second name by a relative link.
    else if (raw.typeflag === '2') links.set(path, `${path.slice(0, path.lastIndexOf('/') + 1)}${link}`);
    else if ('0\0'.includes(raw.typeflag)) files.set(path, { offset, sizeBytes });
  }
  for (const path of links.keys()) {
    const target = followed(path, links);
    const file = target === undefined ? undefined : files.get(target);
    if (file !== undefined) files.set(path, file);
  }
  return files;
}

function followed(path: string, links: ReadonlyMap<string, string>): string | undefined {
  let at = path;
  for (let steps = 0; steps < MAX_LINKS; steps++) {
    const link = links.get(at);
    if (link === undefined) return at;
    const segments: string[] = [];
    for (const segment of link.split('/')) {
      if (segment === '..') segments.pop();
      else if (segment !== '' && segment !== '.') segments.push(segment);
    }
    at = segments.join('/');
  }
  return undefined;
}

function sizeIn(pax: ReadonlyMap<string, Buffer> | undefined): number | undefined {
  return pax === undefined ? undefined : paxNumber(pax, 'size');
}

function textIn(pax: ReadonlyMap<string, Buffer> | undefined, keyword: string): Buffer | undefined {
  const value = pax?.get(keyword);
  return value === undefined || value.length === 0 ? undefined : value;
}

function withoutNul(body: Buffer): Buffer {
  return body.at(-1) === 0 ? body.subarray(0, -1) : body;
}
