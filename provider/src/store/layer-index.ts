import type { Digest } from '../model/digest.js';
import { hexOf } from '../model/digest.js';
import type { EntryType, LayerEntry } from '../model/layer.js';

/** Raised when the form changes; part of the key under which an index is remembered. */
export const LAYER_INDEX_VERSION = 1;

const TYPE_LETTERS: Readonly<Record<EntryType, string>> = {
  file: 'f',
  directory: 'd',
  symlink: 'l',
  hardlink: 'h',
  char: 'c',
  block: 'b',
  fifo: 'p',
};
const TYPES = new Map(Object.entries(TYPE_LETTERS).map(([type, letter]) => [letter, type as EntryType]));

/** One column per field: a third the size of a list of objects, and read in a third of the time. */
interface Columns {
  readonly paths: readonly string[];
  /** One letter per entry. */
  readonly types: string;
  readonly modes: readonly number[];
  readonly uids: readonly number[];
  readonly gids: readonly number[];
  readonly mtimes: readonly number[];
  /** By index of the entry, in order; the few that have one. */
  readonly links: readonly (readonly [number, string])[];
  readonly devices: readonly (readonly [number, number, number])[];
  readonly xattrs: readonly (readonly [number, Readonly<Record<string, string>>])[];
  /** For each file in turn: which of `blobs`, from where, how long; and 64 digits of `digests`. */
  readonly blobs: readonly Digest[];
  readonly blobOf: readonly number[];
  readonly offsets: readonly number[];
  readonly sizes: readonly number[];
  readonly digests: string;
}

/** The entries of a layer as bytes to keep in the store. The same entries give the same bytes. */
export function encodeLayerIndex(entries: readonly LayerEntry[]): Buffer {
  const contents = entries.flatMap((entry) => entry.content ?? []);
  const blobs = [...new Set(contents.map((content) => content.blob))];
  const places = new Map(blobs.map((blob, place) => [blob, place]));
  const columns: Columns = {
    paths: entries.map((entry) => entry.path),
    types: entries.map((entry) => TYPE_LETTERS[entry.type]).join(''),
    modes: entries.map((entry) => entry.mode),
    uids: entries.map((entry) => entry.uid),
    gids: entries.map((entry) => entry.gid),
    mtimes: entries.map((entry) => entry.mtimeSeconds),
    links: entries.flatMap(({ link }, at) => (link === undefined ? [] : [[at, link] as const])),
    devices: entries.flatMap(({ device }, at) =>
      device === undefined ? [] : [[at, device.major, device.minor] as const],
    ),
    xattrs: entries.flatMap(({ xattrs }, at) => (xattrs === undefined ? [] : [[at, xattrs] as const])),
    blobs,
    blobOf: contents.map((content) => places.get(content.blob) ?? 0),
    offsets: contents.map((content) => content.offset),
    sizes: contents.map((content) => content.sizeBytes),
    digests: contents.map((content) => hexOf(content.sha256)).join(''),
  };
  return Buffer.from(JSON.stringify(columns));
}

/** Entries that encodeLayerIndex() made bytes of. The bytes must be known to be unchanged; they are not checked. */
export function decodeLayerIndex(bytes: Buffer): LayerEntry[] {
  const columns = JSON.parse(bytes.toString('utf8')) as Columns;
  const links = new Map(columns.links);
  const devices = new Map(columns.devices.map(([at, major, minor]) => [at, { major, minor }]));
  const xattrs = new Map(columns.xattrs);
  let files = 0;
  return columns.paths.map((path, at) => {
    const content = columns.types[at] === 'f' ? contentOf(columns, files++) : undefined;
    const link = links.get(at);
    const device = devices.get(at);
    const attributes = xattrs.get(at);
    return {
      path,
      type: TYPES.get(columns.types[at] ?? '') ?? 'file',
      mode: columns.modes[at] ?? 0,
      uid: columns.uids[at] ?? 0,
      gid: columns.gids[at] ?? 0,
      mtimeSeconds: columns.mtimes[at] ?? 0,
      ...(link === undefined ? undefined : { link }),
      ...(device === undefined ? undefined : { device }),
      ...(attributes === undefined ? undefined : { xattrs: attributes }),
      ...(content === undefined ? undefined : { content }),
    };
  });
}

function contentOf(columns: Columns, file: number): NonNullable<LayerEntry['content']> {
  return {
    blob: columns.blobs[columns.blobOf[file] ?? 0] as Digest,
    offset: columns.offsets[file] ?? 0,
    sizeBytes: columns.sizes[file] ?? 0,
    sha256: `sha256:${columns.digests.slice(file * 64, file * 64 + 64)}`,
  };
}
