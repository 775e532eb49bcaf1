import { type ArMember, readAr } from '../../format/ar.js';
import type { ByteSource } from '../../format/byte-source.js';
import { type Compression, decompress } from '../../format/decompress.js';
import { FormatError } from '../../format/error.js';
import type { BlobRange } from '../../model/layer.js';
import type { Store } from '../../store/store.js';

/** The two archives in a Debian package, still compressed. */
export interface DebMembers {
  readonly control: PackedTar;
  readonly data: PackedTar;
}

export interface PackedTar {
  readonly range: BlobRange;
  readonly compression: Compression;
}

/** deb(5), "FORMAT": what the names of the two archives may end with. */
const COMPRESSIONS: Readonly<Record<string, Compression>> = {
  '.tar': 'none',
  '.tar.gz': 'gzip',
  '.tar.xz': 'xz',
  '.tar.zst': 'zstd',
};

/**
 * Finds the two archives in a `.deb` file: deb(5), "FORMAT".
 * @throws {FormatError} `malformed`, `truncated`, `unsupported`.
 */
export async function readDeb(store: Store, deb: BlobRange): Promise<DebMembers> {
  const source = sourceIn(store, deb);
  // "Current implementations should ignore any additional members" whose names begin with an underscore.
  const members = (await readAr(source)).filter((member) => !member.name.startsWith('_'));
  const [version, control, data] = members;
  if (version?.name !== 'debian-binary') throw malformed('its first member is not debian-binary');
  const text = Buffer.from(await source.read(version.offset, Math.min(version.sizeBytes, 16))).toString('latin1');
  if (!/^2\.\d+\n/.test(text)) throw malformed(`its format version is ${JSON.stringify(text)}; wanted 2.0`);
  return {
    control: packedTar(deb, { member: control, name: 'control' }),
    data: packedTar(deb, { member: data, name: 'data' }),
  };
}

/** The uncompressed bytes of one of the archives. */
export function unpack(
  store: Store,
  { range, compression }: PackedTar,
  options: { readonly maxBytes: number; readonly signal: AbortSignal },
): AsyncGenerator<Uint8Array, void, undefined> {
  return decompress(store.stream(range, options.signal), { ...options, compression });
}

function packedTar(
  deb: BlobRange,
  { member, name }: { readonly member: ArMember | undefined; readonly name: string },
): PackedTar {
  if (member === undefined || !member.name.startsWith(`${name}.tar`))
    throw malformed(`it has no ${name}.tar where it should`);
  const ending = member.name.slice(name.length);
  const compression = Object.hasOwn(COMPRESSIONS, ending) ? COMPRESSIONS[ending] : undefined;
  if (compression === undefined) {
    throw new FormatError(
      'unsupported',
      `Cannot read the package: ${member.name} is compressed in a way that is not known`,
    );
  }
  const { offset, sizeBytes } = member;
  return { range: { blob: deb.blob, offset: deb.offset + offset, sizeBytes }, compression };
}

function sourceIn(store: Store, { blob, offset, sizeBytes }: BlobRange): ByteSource {
  return { sizeBytes, read: (at, length) => store.read({ blob, offset: offset + at, sizeBytes: length }) };
}

function malformed(what: string): FormatError {
  return new FormatError('malformed', `Cannot read the package: ${what}`);
}
