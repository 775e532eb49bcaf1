import { type Compression, decompress } from '../../format/decompress.js';
import { readModinfo } from '../../format/elf-modinfo.js';
import { FormatError } from '../../format/error.js';
import { mapInOrder } from '../../format/map-in-order.js';
import { encodePath } from '../../format/path-text.js';
import { tarEnd, tarHeader, tarPadding } from '../../format/tar-writer.js';
import type { Layer, LayerEntry } from '../../model/layer.js';
import type { Progress } from '../../model/progress.js';
import type { Store } from '../../store/store.js';
import { type Module, makeModuleIndexes } from './kernel-depmod.js';

export interface ConvertOptions {
  readonly store: Store;
  readonly signal: AbortSignal;
  readonly progress: Progress;
  /** What is converted, for people. */
  readonly name: string;
}

/** Where modules lie in a package: below /usr from Debian 13 on, before that in /lib. */
const MODULE_PATH = /^(?:usr\/)?lib\/modules\/([^/]+)\/(.+)$/;
const KERNEL_PATH = /^boot\/vmlinuz-/;
const MODULE_FILE = /\.ko(|\.gz|\.xz|\.zst)$/;
const COMPRESSIONS: Readonly<Record<string, Compression>> = { '': 'none', '.gz': 'gzip', '.xz': 'xz', '.zst': 'zstd' };
/** Lists that the build of the kernel makes and depmod(8) only reads. */
const SHIPPED = /^modules\.(order|builtin|builtin\.modinfo|builtin\.ranges)$/;
/** Modules with everything in them have 30 MB. */
const MAX_MODULE_BYTES = 256 << 20;
/** Two decompress; one waits to be written, one to be decompressed. */
const MODULES_IN_FLIGHT = 4;

const PIECE_BYTES = 1 << 20;

interface File {
  readonly path: string;
  readonly entry: LayerEntry;
}

/** A tar with a kernel and its modules, made from the files of a kernel package. The same files give the same tar. */
export async function* convertKernel(
  layer: Layer,
  options: ConvertOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { store, signal, progress, name } = options;
  const kernel = layer.entries.find((entry) => KERNEL_PATH.test(entry.path) && entry.type === 'file');
  if (kernel === undefined) throw new FormatError('malformed', 'Cannot convert the kernel: it is not a file');
  const { release, files } = findModules(layer);
  const folders = new Folders(kernel.mtimeSeconds);
  yield* folders.above('boot/kernel');
  yield* fileBlocks('boot/kernel', kernel, await bodyOf(store, kernel));
  if (release === undefined) return yield tarEnd();

  const folder = `usr/lib/modules/${release}`;
  const convert = async (file: File) => ({ ...file, body: await convertedBody(file.entry, options) });
  const modules: Module[] = [];
  let order = '';
  let done = 0;
  for await (const { path, entry, body } of mapInOrder(files, convert, { inFlight: MODULES_IN_FLIGHT })) {
    signal.throwIfAborted();
    progress({ step: `converting ${name}`, done: ++done, total: files.length });
    if (path.endsWith('.ko')) modules.push({ path, modinfo: moduleInfo(path, body) });
    else if (path === 'modules.order') order = body.toString('utf8');
    yield* folders.above(`${folder}/${path}`);
    yield* fileBlocks(`${folder}/${path}`, entry, body);
  }
  for (const [index, text] of Object.entries(makeModuleIndexes(modules, order))) {
    yield* fileBlocks(`${folder}/${index}`, { mtimeSeconds: kernel.mtimeSeconds, mode: 0o644 }, Buffer.from(text));
  }
  yield tarEnd();
}

/** The modules and lists of the one release in a package, with their paths below its folder, as they will be. */
function findModules(layer: Layer): { release: string | undefined; files: File[] } {
  const files: File[] = [];
  const releases = new Set<string>();
  for (const entry of layer.entries) {
    const match = MODULE_PATH.exec(entry.path);
    if (match === null || entry.type !== 'file') continue;
    const [, release = '', path = ''] = match;
    if (!MODULE_FILE.test(path) && !SHIPPED.test(path)) continue;
    releases.add(release);
    files.push({ path: path.replace(MODULE_FILE, '.ko'), entry });
  }
  if (releases.size > 1) {
    const names = [...releases].join(' and ');
    throw new FormatError(
      'unsupported',
      `Cannot convert the kernel: its package has modules of ${names}; one release is known how`,
    );
  }
  return { release: [...releases][0], files };
}

async function convertedBody(entry: LayerEntry, { store, signal }: ConvertOptions): Promise<Buffer> {
  const packed = await bodyOf(store, entry);
  const ending = MODULE_FILE.exec(entry.path)?.[1];
  const compression = COMPRESSIONS[ending ?? ''] ?? 'none';
  if (compression === 'none') return packed;
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of decompress([packed], { compression, maxBytes: MAX_MODULE_BYTES, signal }))
      chunks.push(chunk);
  } catch (error) {
    throw inModule(entry.path, error);
  }
  return Buffer.concat(chunks);
}

function moduleInfo(path: string, body: Buffer): Module['modinfo'] {
  try {
    return readModinfo(body);
  } catch (error) {
    throw inModule(path, error);
  }
}

function inModule(path: string, error: unknown): unknown {
  return error instanceof FormatError
    ? new FormatError(error.code, `${path}: ${error.message}`, { cause: error })
    : error;
}

async function bodyOf(store: Store, entry: LayerEntry): Promise<Buffer> {
  return entry.content === undefined ? Buffer.alloc(0) : await store.read(entry.content);
}

function* fileBlocks(
  path: string,
  { mtimeSeconds, mode }: Pick<LayerEntry, 'mtimeSeconds' | 'mode'>,
  body: Buffer,
): Generator<Uint8Array> {
  const attributes = { mode, uid: 0, gid: 0, mtimeSeconds, sizeBytes: body.length };
  yield tarHeader({ path: encodePath(path), type: 'file', ...attributes });
  // In pieces that are quickly digested, so that others get their turn.
  for (let at = 0; at < body.length; at += PIECE_BYTES) yield body.subarray(at, at + PIECE_BYTES);
  yield tarPadding(body.length);
}

/** Each folder once, before the first thing that lies in it. */
class Folders {
  readonly #made = new Set<string>();
  readonly #mtimeSeconds: number;

  constructor(mtimeSeconds: number) {
    this.#mtimeSeconds = mtimeSeconds;
  }

  *above(path: string): Generator<Uint8Array> {
    for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1)) {
      const folder = path.slice(0, slash);
      if (this.#made.has(folder)) continue;
      this.#made.add(folder);
      const attributes = { mode: 0o755, uid: 0, gid: 0, mtimeSeconds: this.#mtimeSeconds, sizeBytes: 0 };
      yield tarHeader({ path: encodePath(folder), type: 'directory', ...attributes });
    }
  }
}
