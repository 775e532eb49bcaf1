import { parseDeb822 } from '../../format/deb822.js';
import { FormatError } from '../../format/error.js';
import { type TarEntry, TarReader } from '../../format/tar-reader.js';
import type { Json } from '../../model/digest.js';
import type { PinnedPackage } from '../../model/pin.js';
import type { Store } from '../../store/store.js';
import { doesMore } from './maintainer-script.js';
import { type PackedTar, unpack } from './open-deb.js';

/** What a package says of itself. */
export interface PackageControl {
  /** Fields of its control file by lower-case name (deb-control(5)). */
  readonly fields: Readonly<Record<string, string>>;
  /** Paths of the configuration files, without slash at the front (deb-conffiles(5)). */
  readonly conffiles: readonly string[];
  /** Names of the maintainer scripts it has, sorted: `config`, `postinst`, `postrm`, `preinst`, `prerm`. */
  readonly scripts: readonly string[];
  /** Of those that run when it is installed, the ones that do more than what is known: `postinst`, `preinst`. */
  readonly unknownScripts: readonly string[];
  /** Lines of its triggers file (deb-triggers(5)), without comments. */
  readonly triggers: readonly string[];
}

const SCRIPTS = ['config', 'postinst', 'postrm', 'preinst', 'prerm'];
/** `config` only asks, and what it asks is for the others to act on. */
const INSTALLING = ['postinst', 'preinst'];
/** Control archives hold a few scripts and lists of checksums; the largest have a few megabytes. */
const MAX_CONTROL_BYTES = 64 << 20;

/**
 * Reads a package's control archive.
 * @throws {FormatError} `malformed` and the like; {SyntaxError} for a control file that is none.
 */
export async function readControlTar(store: Store, tar: PackedTar, signal: AbortSignal): Promise<PackageControl> {
  const reader = new TarReader();
  const chunks: Uint8Array[] = [];
  for await (const chunk of unpack(store, tar, { maxBytes: MAX_CONTROL_BYTES, signal })) {
    reader.push(chunk);
    chunks.push(chunk);
  }
  const archive = Buffer.concat(chunks);
  const files = new Map(reader.finish().map((entry) => [entry.path, entry]));
  const textOf = (name: string): string | undefined => bodyOf(archive, files.get(name))?.toString('utf8');
  const [stanza] = parseDeb822(textOf('control') ?? '');
  if (stanza === undefined) throw new FormatError('malformed', 'Cannot read the package: it has no control file');
  return {
    fields: Object.fromEntries(stanza),
    conffiles: linesOf(textOf('conffiles')).map((line) =>
      line.replace(/^remove-on-upgrade\s+/, '').replace(/^\/+/, ''),
    ),
    scripts: SCRIPTS.filter((name) => files.get(name)?.type === 'file'),
    unknownScripts: INSTALLING.filter((name) => {
      const script = bodyOf(archive, files.get(name));
      return script !== undefined && doesMore(script.toString('latin1'));
    }),
    triggers: linesOf(textOf('triggers')?.replaceAll(/#.*/g, '')),
  };
}

export async function recallControl(store: Store, pinned: PinnedPackage): Promise<PackageControl | undefined> {
  return (await store.recall(controlKey(pinned))) as PackageControl | undefined;
}

export async function rememberControl(store: Store, pinned: PinnedPackage, control: PackageControl): Promise<void> {
  await store.remember(controlKey(pinned), control as unknown as Json);
}

function controlKey(pinned: PinnedPackage): string {
  return `debian control 2 ${pinned.digest}`;
}

function bodyOf(archive: Buffer, entry: TarEntry | undefined): Buffer | undefined {
  if (entry?.content === undefined) return undefined;
  return archive.subarray(entry.content.offset, entry.content.offset + entry.content.sizeBytes);
}

function linesOf(text: string | undefined): string[] {
  return (text ?? '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}
