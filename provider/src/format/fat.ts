import { FormatError } from './error.js';
import { bootSectors, type FatIdentity, MEDIA, ROOT_CLUSTER } from './fat-boot-sector.js';
import { directoryBytes, directorySize, dotEntries, labelEntry } from './fat-directory.js';
import { DIRECTORY_ENTRY_BYTES, FAT_COPIES, FAT_SECTOR_BYTES, type FatGeometry, fatGeometry } from './fat-geometry.js';
import { shortNames } from './fat-name.js';

/**
 * FAT volumes with long names: Microsoft's "FAT: General Overview of On-Disk Format" 1.03. All times are the first there
 * is, 1 January 1980. Bodies of files are not copied: the layout says where they go.
 */

export interface FatFile {
  /** Relative, with slashes; its folders are made. */
  readonly path: string;
  readonly sizeBytes: number;
}

export interface FatOptions extends FatIdentity {
  /** Of the volume: fixed, whatever is in it. */
  readonly sizeBytes: number;
  readonly files: readonly FatFile[];
  /**
   * Bodies begin at multiples of this, if they are that long: a power of two. Then a file that grows leaves others where
   * they are. Default: the size of a cluster.
   */
  readonly alignBytes?: number;
}

export interface FatLayout {
  readonly type: 'FAT16' | 'FAT32';
  readonly clusterBytes: number;
  /** What describes the files, by offset. What is neither here, in a body, nor free is zeros that are read. */
  readonly tables: readonly { readonly offset: number; readonly bytes: Buffer }[];
  /** Where each file's body goes, by offset, in one piece; empty files are left out. */
  readonly bodies: readonly { readonly path: string; readonly offset: number; readonly sizeBytes: number }[];
  /** What belongs to no file, by offset: never read. */
  readonly free: readonly { readonly offset: number; readonly sizeBytes: number }[];
}

/** Clusters that follow each other. */
interface Run {
  readonly first: number;
  readonly count: number;
}

/**
 * Where everything lies: folders first, then files by path.
 * @throws {FormatError} `too-large` if the files do not fit; `out-of-range`, with the field's name, for a value or a name
 * that FAT cannot hold, two files of one path, or a file that is a folder as well.
 */
export function fatLayout(options: FatOptions): FatLayout {
  const { files, sizeBytes } = options;
  const geometry = fatGeometry(sizeBytes);
  const align = alignmentOf(options.alignBytes ?? geometry.clusterBytes);
  const folders = foldersOf(files);
  const clusters = new Clusters(geometry, sizeBytes);
  const folderRuns = new Map(folders.map((folder) => [folder, placeFolder(folder, { geometry, clusters })]));
  const fileRuns = new Map(filesOf(folders).map((file) => [file, clusters.take(file.sizeBytes, align)]));
  const fat = { offset: geometry.reservedSectors * FAT_SECTOR_BYTES, bytes: fatBytes(geometry, clusters.runs) };
  const tables = [
    { offset: 0, bytes: bootSectors(geometry, { identity: options, used: clusters.used }) },
    ...Array.from({ length: FAT_COPIES }, (_, copy) => ({
      ...fat,
      offset: fat.offset + copy * geometry.fatSectors * FAT_SECTOR_BYTES,
    })),
    ...folders.map((folder) => ({
      offset: folderOffset(geometry, folderRuns.get(folder) as Run),
      bytes: folderBytes(folder, { folderRuns, fileRuns, label: options.label }),
    })),
  ];
  const bodies = [...fileRuns].flatMap(([{ path, sizeBytes }, { first }]) =>
    sizeBytes === 0 ? [] : [{ path, offset: offsetOf(geometry, first), sizeBytes }],
  );
  return { type: geometry.type, clusterBytes: geometry.clusterBytes, tables, bodies, free: clusters.free() };
}

/** Gives out clusters, one run after the other. */
class Clusters {
  readonly runs: Run[] = [];
  used = 0;
  readonly #geometry: FatGeometry;
  readonly #sizeBytes: number;
  readonly #free: { offset: number; sizeBytes: number }[] = [];
  #next = ROOT_CLUSTER;

  constructor(geometry: FatGeometry, sizeBytes: number) {
    this.#geometry = geometry;
    this.#sizeBytes = sizeBytes;
  }

  /** As many as so many bytes need, beginning at a multiple of `align` if they are that many. */
  take(bytes: number, align: number): Run {
    const { clusterBytes, clusters } = this.#geometry;
    const count = Math.ceil(bytes / clusterBytes);
    const first = bytes >= align ? this.#alignedTo(align) : this.#next;
    const after = first + count;
    if (after > clusters + ROOT_CLUSTER) {
      throw new FormatError(
        'too-large',
        `Cannot put the files on a FAT volume of ${this.#sizeBytes} bytes: they do not fit; wanted a larger volume`,
      );
    }
    if (count === 0) return { first: 0, count };
    this.#addFree(this.#next, first);
    this.#next = after;
    this.used += count;
    this.runs.push({ first, count });
    return { first, count };
  }

  /** What was passed over, and what is left behind all runs, up to the volume's end. */
  free(): { offset: number; sizeBytes: number }[] {
    const offset = offsetOf(this.#geometry, this.#next);
    const rest = { offset, sizeBytes: this.#sizeBytes - offset };
    return rest.sizeBytes > 0 ? [...this.#free, rest] : [...this.#free];
  }

  #alignedTo(align: number): number {
    const offset = offsetOf(this.#geometry, this.#next);
    return this.#next + (Math.ceil(offset / align) * align - offset) / this.#geometry.clusterBytes;
  }

  #addFree(from: number, to: number): void {
    if (from === to) return;
    const offset = offsetOf(this.#geometry, from);
    this.#free.push({ offset, sizeBytes: offsetOf(this.#geometry, to) - offset });
  }
}

function offsetOf({ dataOffset, clusterBytes }: FatGeometry, cluster: number): number {
  return dataOffset + (cluster - ROOT_CLUSTER) * clusterBytes;
}

interface Folder {
  readonly parent: Folder | undefined;
  /** By name, sorted. */
  readonly folders: Map<string, Folder>;
  readonly files: Map<string, FatFile>;
}

/** The root and all below it, each before those in it. */
function foldersOf(files: readonly FatFile[]): Folder[] {
  const folders: Folder[] = [newFolder(undefined)];
  // By path, so that the order in which they are given does not matter.
  for (const file of [...files].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    const names = file.path.split('/');
    const own = names.pop() as string;
    let folder = folders[0] as Folder;
    for (const name of names) {
      let next = folder.folders.get(name);
      if (next === undefined) {
        next = newFolder(folder);
        folder.folders.set(name, next);
        folders.push(next);
      }
      folder = next;
    }
    if (folder.files.has(own)) throw refused(file, 'is there twice');
    folder.files.set(own, file);
  }
  for (const { folders: inner, files: own } of folders) {
    for (const [name, file] of own) if (inner.has(name)) throw refused(file, 'is a folder as well');
  }
  return folders;
}

function newFolder(parent: Folder | undefined): Folder {
  return { parent, folders: new Map(), files: new Map() };
}

function filesOf(folders: readonly Folder[]): FatFile[] {
  return folders.flatMap(({ files }) => [...files.values()]).sort((a, b) => (a.path < b.path ? -1 : 1));
}

function refused({ path }: FatFile, problem: string): FormatError {
  return new FormatError('out-of-range', `Cannot put ${JSON.stringify(path)} on a FAT volume: it ${problem}`, {
    context: { path, property: 'path' },
  });
}

/** The root of FAT16 is a place of its own, and takes no clusters. */
function placeFolder(
  folder: Folder,
  { geometry, clusters }: { readonly geometry: FatGeometry; readonly clusters: Clusters },
): Run {
  const first = folder.parent === undefined ? DIRECTORY_ENTRY_BYTES : 2 * DIRECTORY_ENTRY_BYTES;
  const bytes = first + directorySize([...folder.folders.keys(), ...folder.files.keys()]);
  if (folder.parent !== undefined || geometry.type === 'FAT32') return clusters.take(bytes, geometry.clusterBytes);
  if (bytes > geometry.rootEntries * DIRECTORY_ENTRY_BYTES) {
    throw new FormatError(
      'too-large',
      `Cannot make a FAT16 volume: its root has more than ${geometry.rootEntries} entries`,
    );
  }
  return { first: 0, count: 0 };
}

function folderOffset(geometry: FatGeometry, { first }: Run): number {
  if (first !== 0) return offsetOf(geometry, first);
  return geometry.dataOffset - geometry.rootEntries * DIRECTORY_ENTRY_BYTES;
}

interface Contents {
  readonly folderRuns: ReadonlyMap<Folder, Run>;
  readonly fileRuns: ReadonlyMap<FatFile, Run>;
  readonly label: string;
}

function folderBytes(folder: Folder, { folderRuns, fileRuns, label }: Contents): Buffer {
  const names = [...folder.folders.keys(), ...folder.files.keys()].sort();
  const short = shortNames(names);
  const entries = names.map((name, index) => {
    const inner = folder.folders.get(name);
    const file = folder.files.get(name);
    const run = inner === undefined ? fileRuns.get(file as FatFile) : folderRuns.get(inner);
    return {
      name,
      short: short[index] as string,
      isFolder: inner !== undefined,
      cluster: run?.first ?? 0,
      sizeBytes: file?.sizeBytes ?? 0,
    };
  });
  const { parent } = folder;
  if (parent === undefined) return Buffer.concat([labelEntry(label), directoryBytes(entries)]);
  const self = folderRuns.get(folder)?.first ?? 0;
  // "FAT Directory Structure": the root counts as cluster 0 here.
  const above = parent.parent === undefined ? 0 : (folderRuns.get(parent)?.first ?? 0);
  return Buffer.concat([dotEntries({ self, parent: above }), directoryBytes(entries)]);
}

/** "FAT Data Structure": one FAT, up to the last cluster that belongs to a file. */
function fatBytes({ fatEntryBytes }: FatGeometry, runs: readonly Run[]): Buffer {
  const last = runs.reduce((most, { first, count }) => Math.max(most, first + count), ROOT_CLUSTER);
  const bytes = Buffer.alloc(Math.ceil((last * fatEntryBytes) / FAT_SECTOR_BYTES) * FAT_SECTOR_BYTES);
  const isLarge = fatEntryBytes === 4;
  const end = isLarge ? 0x0fff_ffff : 0xffff; // EOC
  const set = (cluster: number, value: number) =>
    isLarge ? bytes.writeUInt32LE(value, cluster * 4) : bytes.writeUInt16LE(value, cluster * 2);
  set(0, (end & ~0xff) | MEDIA); // FAT[0]: BPB_Media, and ones
  set(1, end); // FAT[1]: ones; its two highest bits say that all is well
  for (const { first, count } of runs) {
    for (let cluster = first; cluster < first + count; cluster += 1) {
      set(cluster, cluster === first + count - 1 ? end : cluster + 1);
    }
  }
  return bytes;
}

function alignmentOf(alignBytes: number): number {
  if (Number.isInteger(Math.log2(alignBytes)) && alignBytes >= 1) return alignBytes;
  throw new FormatError(
    'out-of-range',
    `Cannot make a FAT volume: alignBytes is ${alignBytes}; wanted a power of two`,
    {
      context: { property: 'alignBytes' },
    },
  );
}
