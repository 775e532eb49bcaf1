/**
 * From a spec to a running machine: the one place that knows all stages, in their order.
 *
 *   Spec ──▶ Lock ──▶ Layer ──▶ Tree ──▶ Artifact ──▶ Instance
 *   parse    lock     open      assemble  build        run
 */
import type { EncodedFile } from './encode/context.js';
import type { Artifact, ArtifactFile, Format } from './model/artifact.js';
import type { Contents } from './model/contents.js';
import type { Digest, Json } from './model/digest.js';
import type { BlobRange, ImageConfig, Layer } from './model/layer.js';
import { archiveAddresses, type Lock, type LockedImage, lockDigest, RECIPE, unpinnedLock } from './model/lock.js';
import type { Pin } from './model/pin.js';
import { architectureOf } from './model/platform.js';
import type { Progress } from './model/progress.js';
import { parseReference } from './model/reference.js';
import { packagesReference, withReferences } from './model/references.js';
import type { Spec } from './model/spec.js';
import type { Tree } from './model/tree.js';
import type { Settings } from './settings.js';
import type { Mirrors } from './source/debian/mirrors.js';
import type { LockFileContent } from './source/lock-file/content.js';
import type { LockFile } from './source/lock-file/lock-file.js';
import type { Outdated } from './source/lock-file/outdated.js';
import type { Wanted } from './source/lock-file/stale.js';
import type { Update } from './source/lock-file/update.js';
import type { RegistryClient } from './source/registry/client.js';
import type { Role, SourceOptions } from './source/transport.js';
import type { ParsedSpec } from './spec/parse.js';
import { Store } from './store/store.js';
import type { AssembleInput } from './tree/assemble-input.js';
import type { DiffTextOptions } from './tree/diff-text.js';
import type { ImageDiff } from './tree/image-diff.js';

export { lockDigest } from './model/lock.js';
export type { MachineRecord } from './run/qemu/machine.js';
export type { LockFile } from './source/lock-file/lock-file.js';
export type { Outdated } from './source/lock-file/outdated.js';

/** What the stages work with: the store, the settings, and what surrounds the call. */
export interface Workshop extends AsyncDisposable {
  readonly store: Store;
  readonly settings: Settings;
  /** Connections to registries, made when the first image is asked for. */
  readonly registries: () => Promise<RegistryClient>;
  /** Paths of the user are relative to this folder. */
  readonly directory: string;
  readonly signal: AbortSignal;
  readonly progress: Progress;
  readonly now: () => Date;
}

export async function openWorkshop(
  settings: Settings,
  surroundings: Pick<Workshop, 'directory' | 'signal' | 'progress' | 'now'>,
): Promise<Workshop> {
  const { limitOf } = await import('./store/size.js');
  const store = await Store.open(settings.cacheDirectory, {
    shared: settings.sharedCaches ?? [],
    maxBytes: limitOf(settings.cacheMaxSize),
    onDamage: (_, path) => surroundings.progress({ step: `making again what was damaged in the cache: ${path}` }),
  });
  let client: Promise<RegistryClient> | undefined;
  return {
    ...surroundings,
    store,
    settings,
    registries: () => {
      client ??= import('./source/registry/client.js').then(({ RegistryClient }) =>
        RegistryClient.open(settings.registries),
      );
      return client;
    },
    [Symbol.asyncDispose]: async () => {
      await (await client?.catch(() => undefined))?.close();
      await store.close();
    },
  };
}

/**
 * A path, a list of paths, YAML text or an object → Spec, which knows where its parts were written.
 * @throws {SpecError} with every problem of every file, {SourceError} where a file cannot be read.
 */
export async function parse(spec: unknown, { directory }: Workshop): Promise<ParsedSpec> {
  const { readSpec } = await import('./source/file/read-spec.js');
  const { parseSources } = await import('./spec/parse.js');
  return parseSources(await readSpec(spec, directory));
}

/** Does what follows parsing; an error that concerns a part of the spec is told at its place, as parsing's own are. */
export async function at<T>(parsed: ParsedSpec, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { locate } = await import('./spec/locate.js');
    throw locate(error, parsed);
  }
}

export interface LockOptions {
  /** The lock file beside the spec: where there is one, what it pins counts, and nothing is resolved. */
  readonly file?: LockFile | undefined;
  /** The lock that is in force: what the spec says as before keeps its pins. */
  readonly previous?: LockedImage;
  /** Let every pin move to the newest. */
  readonly move?: boolean;
  /** Use, for an hour, what was resolved under this name, so that an update does what its preview showed. */
  readonly remember?: string;
}

/**
 * Spec → Lock: digests of the user's files, and a pin for every reference. Where nothing has changed the previous lock
 * comes back as it is, and no source is touched: also with an older recipe or guest, which move only with something else.
 */
export async function lock(spec: Spec, options: LockOptions, workshop: Workshop): Promise<LockedImage> {
  if (options.file !== undefined) await requireFreshFile(spec, options.file);
  const { lockFiles } = await import('./source/file/lock-files.js');
  const { files, sources } = await lockFiles(spec, workshop);
  const local = await lockLocal(spec, workshop);
  const { previous } = options;
  const unpinned = { ...unpinnedLock(local.spec), files };
  const mirrors = archiveAddresses(spec);
  const found = { sources, mirrors, ...(local.images ? { images: local.images } : {}) };

  if (options.file !== undefined) {
    const { recipe, pins, guest } = options.file.content;
    return { lock: { ...unpinned, recipe, pins: { ...pins, ...local.pins }, guest }, ...found };
  }
  if (previous !== undefined && options.move !== true) {
    const { recipe, pins, guest } = previous.lock;
    if (lockDigest({ ...unpinned, recipe, pins: { ...pins, ...local.pins }, guest }) === lockDigest(previous.lock)) {
      return { lock: previous.lock, ...found };
    }
  }
  const guestHere = await guestFor(local.spec, unpinned.platform);
  // Another init may want other packages.
  const name = options.remember && `${RECIPE} ${guestHere?.digest ?? 'none'} ${options.remember}`;
  const { pins, guest } = await remembered(name, workshop, () =>
    pin(local.spec, { old: options.move === true ? undefined : previous?.lock, guestHere }, workshop),
  );
  return { lock: { ...unpinned, recipe: RECIPE, pins: { ...pins, ...local.pins }, guest }, ...found };
}

/**
 * The lock file of a spec that is given by its path, if it has one.
 * @throws {SourceError} for one that cannot be read.
 */
export async function readLockFile(spec: unknown, { directory }: Workshop): Promise<LockFile | undefined> {
  const { readLockFile: read } = await import('./source/lock-file/lock-file.js');
  return read(spec, directory);
}

/** The file beside a spec: its place, its text, and what changes in it. Loaded when it is needed. */
export const lockFile = (): Promise<typeof import('./source/lock-file/index.js')> =>
  import('./source/lock-file/index.js');

/**
 * Spec → what its lock file is to say. What the old one pins is kept, but for what the update names (all, where it names
 * nothing); where nothing is to move the old content comes back as it is, and no source is touched.
 */
export async function relock(
  spec: Spec,
  { file, update: words }: { file?: LockFile | undefined; update?: readonly string[] | undefined },
  workshop: Workshop,
): Promise<LockFileContent> {
  const { pinChanges, UPDATE_NOTHING, updateOf, whyStale } = await lockFile();
  const old = file?.content;
  if (old !== undefined && words === undefined && whyStale(old, wantedOf(spec)).length === 0) return old;
  const update = old === undefined || words === undefined ? UPDATE_NOTHING : updateOf(words, old);
  const newest = await newestPins(spec, { old, update }, workshop);
  if (old === undefined || update.movesRecipe) return newest;
  // The recipe and the init itself move only with something else.
  const guest = old.guest && newest.guest && { ...old.guest, pin: newest.guest.pin };
  return pinChanges(old, { ...newest, recipe: old.recipe, guest }).length === 0 ? old : newest;
}

/**
 * What a lock file pins → what of it there is newer of.
 * @throws {SourceError} `stale` where the file does not fit the spec.
 */
export async function outdated(spec: Spec, file: LockFile, workshop: Workshop): Promise<Outdated[]> {
  await requireFreshFile(spec, file);
  const { outdatedPins, pinnedPackages } = await lockFile();
  const { withSecurityUpdate } = await import('./source/debian/security-updates.js');
  const newest = await newestPins(spec, {}, workshop);
  const packages = pinnedPackages(file.content);
  if (packages.length === 0) return outdatedPins(file.content, newest, new Set());
  const source = sourceOptions(file.content, workshop, archiveAddresses(spec));
  const architecture = architectureOf(source.platform);
  const debian = { ...source, architecture, mirrors: await source.mirrors(), now: source.now() };
  return outdatedPins(file.content, newest, await withSecurityUpdate(packages, debian));
}

/** The cache itself: what is in it, and how it is kept small and sound. */
export const cache = (): Promise<typeof import('./store/upkeep.js')> => import('./store/upkeep.js');

/** Lock → Contents: what is in the image, in words. Kept by digest. */
export async function describe(image: LockedImage, workshop: Workshop): Promise<Contents> {
  const key = `contents 2 ${lockDigest(image.lock)} ${RECIPE}`;
  const known = await workshop.store.recall(key);
  if (known !== undefined) return known as unknown as Contents;
  const { describe: describeTree } = await import('./tree/contents.js');
  const { assemble: assembleTree } = await import('./tree/assemble.js');
  const input = await open(image, workshop);
  const contents = await describeTree(await assembleTree(input), input);
  await workshop.store.remember(key, contents as unknown as Json);
  return contents;
}

/** What an image is compared by: its files, and what is said of them. */
export interface Survey {
  readonly name: string;
  /** Of the image; of an archive, its own. */
  readonly digest: Digest;
  /** Whether only files are known, and no lock. */
  readonly filesAlone: boolean;
  readonly tree: Pick<Tree, 'entries'>;
  readonly read: (range: BlobRange) => Promise<Uint8Array>;
  /** Not shortened. */
  readonly describe: () => Promise<Contents>;
}

/** Lock → Survey. */
export async function survey(name: string, image: LockedImage, workshop: Workshop): Promise<Survey> {
  const { assemble: assembleTree } = await import('./tree/assemble.js');
  const input = await open(image, workshop);
  const tree = await assembleTree(input);
  const describeTree = async () => (await import('./tree/contents.js')).describeWhole(tree, input);
  const { read } = input;
  return { name, digest: lockDigest(image.lock), filesAlone: false, tree, read, describe: describeTree };
}

/** Whether a path leads to a tar of a root rather than to a spec. */
export async function isArchive(path: string, workshop: Workshop): Promise<boolean> {
  return (await import('./source/file/root-archive.js')).isArchive(path, workshop);
}

/** A tar of a root, built by whomever → Survey, for as long as `use` runs. */
export async function withArchive<T>(
  path: string,
  workshop: Workshop,
  use: (survey: Survey) => Promise<T>,
): Promise<T> {
  const { withRootArchive } = await import('./source/file/root-archive.js');
  const { archiveEntries } = await import('./tree/archive-entries.js');
  const { describeRoot } = await import('./tree/root-contents.js');
  return withRootArchive(path, workshop, async ({ digest, entries: found, read }) => {
    const entries = archiveEntries(found);
    return use({
      name: path,
      digest,
      filesAlone: true,
      tree: { entries },
      read,
      describe: () => describeRoot(entries, read),
    });
  });
}

/** All that differs between two images. Where of one the files alone are known, the other is told by its files too. */
export async function compare(before: Survey, after: Survey): Promise<ImageDiff> {
  const { imageDiff } = await import('./tree/image-diff.js');
  const { describeRoot } = await import('./tree/root-contents.js');
  const filesAlone = before.filesAlone || after.filesAlone;
  const compared = async (side: Survey) => {
    const { name, digest, tree, read } = side;
    const contents = filesAlone ? await describeRoot(tree.entries, read) : await side.describe();
    return { name, digest, contents, entries: tree.entries };
  };
  return imageDiff(await compared(before), await compared(after));
}

/** A difference as text, or as one page. */
export async function formatDiff(diff: ImageDiff, options: DiffTextOptions): Promise<string> {
  return (await import('./tree/diff-text.js')).formatDiff(diff, options);
}
export async function diffPage(diff: ImageDiff, options: Pick<DiffTextOptions, 'maxFiles'>): Promise<string> {
  return (await import('./tree/diff-html.js')).diffPage(diff, options);
}

/** Lock → Tree: the whole root file system. */
export async function assemble(image: LockedImage, workshop: Workshop): Promise<Tree> {
  const { assemble: assembleTree } = await import('./tree/assemble.js');
  return assembleTree(await open(image, workshop));
}

/** Lock → Artifact. What was built before is not built again. */
export async function build(
  image: LockedImage,
  format: Format,
  workshop: Workshop,
  options: { compression?: Compression } = {},
): Promise<Artifact> {
  const encode = await import('./encode/index.js');
  const { store, signal } = workshop;
  const compression = options.compression ?? 'zstd';
  const digest = lockDigest(image.lock);
  const compressor = encode.compressorOf(format, compression);
  const key = `artifact ${digest} ${format} ${compressor}`;
  const known = await artifactOf((await store.recall(key)) as Record<string, StoredFile> | undefined, store);
  if (known) return { format, image: digest, compressor, files: known };

  const stored: Record<string, StoredFile> = {};
  const { files } = await encodeTree(image, { format, compression }, workshop);
  for (const { role, bytes } of files) {
    workshop.progress({ step: `encoding ${role}` });
    stored[role] = await store.put(bytes(), { signal });
  }
  await store.remember(key, stored as unknown as Json);
  return { format, image: digest, compressor, files: (await artifactOf(stored, store)) ?? [] };
}

/** Bytes of an artifact that nobody keeps. */
export interface StreamedArtifact {
  /** Of all files in it together: somewhat less than it has itself. */
  readonly contentBytes: number;
  /** To be taken once. A chunk may be overwritten when the next one is asked for. */
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** Formats whose bytes are those of the store in another order: they are made about as fast as they could be copied. */
export function isStreamed(format: Format): boolean {
  return format === 'tar';
}

/** Lock → the one file of an artifact, for a format that is streamed. */
export async function stream(image: LockedImage, format: Format, workshop: Workshop): Promise<StreamedArtifact> {
  const { tree, files } = await encodeTree(image, { format, compression: 'none' }, workshop);
  const [file] = files;
  if (!isStreamed(format) || file === undefined) throw new TypeError(`${format} is not streamed`);
  const contentBytes = tree.entries.reduce((sum, { content }) => sum + (content?.sizeBytes ?? 0), 0);
  return { contentBytes, bytes: file.bytes({ reuse: true, trusting: true }) };
}

async function encodeTree(
  image: LockedImage,
  { format, compression }: { readonly format: Format; readonly compression: Compression },
  workshop: Workshop,
): Promise<{ readonly tree: Tree; readonly files: readonly EncodedFile[] }> {
  const { store, signal, progress } = workshop;
  const encode = await import('./encode/index.js');
  progress({ step: 'assembling' });
  const tree = await assemble(image, workshop);
  const context = {
    read: (range: BlobRange) => store.stream(range, signal),
    readInto: (range: BlobRange, target: Uint8Array) => store.readInto(range, target),
    memo: (name: string, make: () => AsyncIterable<Uint8Array>) => memo(name, make, workshop),
    signal,
  };
  const commandLine = commandLineOf(image.lock);
  const files =
    format === 'tar'
      ? await encode.encodeTar(tree, context)
      : await encode.encodeKernelInitrd(tree, { commandLine, compression }, context);
  return { tree, files };
}

export type Compression = 'none' | 'zstd' | 'gzip';

/** What a local machine boots. Nothing is compressed: unpacking is what an emulated boot spends most of its time on. */
export async function bootFiles(
  image: LockedImage,
  workshop: Workshop,
): Promise<{ kernel: string; initrd: string; commandLine: string }> {
  const { files } = await build(image, 'kernel+initrd', workshop, { compression: 'none' });
  const path = (role: string): string => files.find((file) => file.role === role)?.path ?? '';
  return { kernel: path('kernel'), initrd: path('initrd'), commandLine: commandLineOf(image.lock) };
}

/** Artifact → Instance, and back: machines on this host. Loaded when it is needed. */
export const run = (): Promise<typeof import('./run/qemu/machine.js')> => import('./run/qemu/machine.js');

/** The kernel command line: what the spec says, and the one name of the image, which the guest reports when it is ready. */
export function commandLineOf(lock: Lock): string {
  return `${lock.spec.kernel?.cmdline ?? ''} ingot.image=${lockDigest(lock)}`.trim();
}

/** How long an update does what its preview showed, whatever the archives have published since. */
const REMEMBER_SECONDS = 3600;

type Pinned = Pick<Lock, 'pins' | 'guest'>;

async function remembered(
  name: string | undefined,
  { store, now }: Workshop,
  make: () => Promise<Pinned>,
): Promise<Pinned> {
  if (name === undefined) return make();
  const seconds = Math.floor(now().getTime() / 1000);
  const key = `resolution ${name}`;
  const known = (await store.recall(key)) as unknown as { seconds: number; pinned: Pinned } | undefined;
  if (known !== undefined && seconds - known.seconds < REMEMBER_SECONDS) return known.pinned;
  const pinned = await make();
  await store.remember(key, { seconds, pinned } as unknown as Json);
  return pinned;
}

interface LocalSpec {
  /** With names in the place of the references that lead to this machine. */
  readonly spec: Spec;
  readonly pins: Lock['pins'];
  readonly images?: NonNullable<LockedImage['images']>;
}

/** Images on this machine are files of the user: they are pinned to what they hold now, and their paths taken out. */
async function lockLocal(spec: Spec, workshop: Workshop): Promise<LocalSpec> {
  const references = [...referencesOf(spec)];
  if (!references.some(([reference]) => isLocal(reference))) return { spec, pins: {} };
  const { resolveLocal } = await import('./source/local.js');
  const { names, pins, images } = await resolveLocal(references, sourceOptions(unpinnedLock(spec), workshop));
  return { spec: withReferences(spec, (reference) => names.get(reference) ?? reference), pins, images };
}

/**
 * Resolves every other reference of the spec; one that was pinned for the same platform and suite is kept, unless the
 * update is to move it.
 */
async function pin(
  spec: Spec,
  options: { old?: LockFileContent | undefined; update?: Update; guestHere: GuestName | undefined },
  workshop: Workshop,
): Promise<Pinned> {
  const { resolve } = await import('./source/transport.js');
  const { GUEST_PACKAGES } = await import('./guest/manifest.js');
  const unpinned = unpinnedLock(spec);
  const source = { ...sourceOptions(unpinned, workshop, archiveAddresses(spec)), ...repositoriesOf(spec, workshop) };
  const { update } = options;
  const old =
    options.old?.platform === unpinned.platform && options.old.suite === unpinned.suite ? options.old : undefined;
  const keep = old === undefined ? [] : [...Object.values(old.pins), ...(old.guest ? [old.guest.pin] : [])];
  const resolving = { ...source, keep: keep.map((kept) => withoutMoving(kept, update)) };

  const pins: Record<string, Pin> = {};
  const staying = (reference: string): Pin | undefined => {
    const kept = old?.pins[reference];
    return kept !== undefined && update?.moves(reference, kept) !== true ? kept : undefined;
  };
  const { guestHere } = options;
  const packages = packagesReference(spec);
  for (const [reference, { role, property }] of referencesOf(spec)) {
    if (isLocal(reference) || (reference === packages && guestHere !== undefined)) continue;
    pins[reference] = staying(reference) ?? (await resolve(reference, role, { ...resolving, property }));
  }
  if (guestHere === undefined) return { pins, guest: null };
  const keptGuest = old?.guest?.version === guestHere.version ? old.guest.pin : undefined;
  const stays = keptGuest !== undefined && update?.movesGuest(keptGuest) !== true ? keptGuest : undefined;
  const guestReference = `deb:${GUEST_PACKAGES.join(',')}`;
  if (packages === undefined) {
    return { pins, guest: { ...guestHere, pin: stays ?? (await resolve(guestReference, 'guest', resolving)) } };
  }
  const { resolveTogether } = await import('./source/together.js');
  const both = await resolveTogether({
    ...{ kept: { packages: staying(packages), guest: stays }, keep: resolving.keep },
    resolve: (which, keep) =>
      which === 'guest'
        ? resolve(guestReference, 'guest', { ...resolving, keep })
        : resolve(packages, 'root', { ...resolving, keep, property: 'packages' }),
  });
  return { pins: { ...pins, [packages]: both.packages }, guest: { ...guestHere, pin: both.guest } };
}

/** A pin without the packages that are to move, for the resolver to keep. */
function withoutMoving(kept: Pin, update: Update | undefined): Pin {
  if (kept.kind !== 'debian' || update === undefined) return kept;
  return { ...kept, packages: kept.packages.filter(update.keeps) };
}

/** Whether a reference leads to this machine: what it holds is the user's own, and moves with it. */
function isLocal(reference: string): boolean {
  return parseReference(reference).local !== undefined;
}

type GuestName = Awaited<ReturnType<typeof import('./guest/manifest.js')['currentGuest']>>;

/** Ingot's own init, where the spec brings none. */
async function guestFor(spec: Spec, platform: Lock['platform']): Promise<GuestName | undefined> {
  if ((spec.init ?? []).length > 0) return undefined;
  const { currentGuest } = await import('./guest/manifest.js');
  return currentGuest(architectureOf(platform));
}

async function newestPins(
  spec: Spec,
  options: { old?: LockFileContent | undefined; update?: Update },
  workshop: Workshop,
): Promise<LockFileContent> {
  const { platform, suite } = unpinnedLock(spec);
  const pinned = await pin(spec, { ...options, guestHere: await guestFor(spec, platform) }, workshop);
  return { platform, suite, recipe: RECIPE, ...pinned };
}

/** What a lock file must pin to fit a spec. */
export function wantedOf(spec: Spec): Wanted {
  const { platform, suite } = unpinnedLock(spec);
  const references = new Map([...referencesOf(spec)].filter(([reference]) => !isLocal(reference)));
  return { platform, suite, references, guest: (spec.init ?? []).length === 0 };
}

async function requireFreshFile(spec: Spec, file: LockFile): Promise<void> {
  const { requireFresh } = await lockFile();
  requireFresh(file, wantedOf(spec));
}

/** Lock → Layers: everything that the tree is assembled from, fetched where the store does not have it. */
async function open({ lock, sources, mirrors, images }: LockedImage, workshop: Workshop): Promise<AssembleInput> {
  const { open: openPin } = await import('./source/transport.js');
  const source = sourceOptions(lock, workshop, mirrors);

  let kernel: Layer | undefined;
  const roots = new Map<string, readonly Layer[]>();
  const configs = new Map<string, ImageConfig>();
  for (const [reference, { role }] of referencesOf(lock.spec)) {
    const pinned = lock.pins[reference];
    if (pinned === undefined) throw new RangeError(`Cannot open ${reference}: the lock has no pin for it`);
    const { layers, image } = await openPin(pinned, role, { ...source, reference: images?.[reference] ?? reference });
    if (role === 'kernel' && pinned.kind === 'debian') kernel = layers[0];
    else roots.set(reference, layers);
    if (image !== undefined) configs.set(reference, image);
  }
  const guest = lock.guest && (await openGuest(lock.guest, source));
  const read = (range: BlobRange): Promise<Uint8Array> => workshop.store.read(range);
  return {
    ...{ lock, roots, images: configs, read },
    ...(await openUserFiles({ lock, sources }, workshop)),
    ...(kernel ? { kernel } : {}),
    ...(guest ? { guest } : {}),
  };
}

/** The user's files: those of this machine, and those that are fetched. */
async function openUserFiles(
  { lock, sources }: Pick<LockedImage, 'lock' | 'sources'>,
  workshop: Workshop,
): Promise<Pick<AssembleInput, 'files' | 'archives' | 'certificates'>> {
  const { openFiles } = await import('./source/file/lock-files.js');
  const opened = await openFiles(lock.files, { ...workshop, sources });
  const byIndex = [...opened].filter(([key]) => /^[0-9]+$/.test(key));
  const files = new Map(byIndex.map(([key, content]) => [Number(key), content]));
  const certificates = new Map([...opened].filter(([key]) => key.startsWith('ca[')));
  if (lock.downloads === undefined) return { files, certificates };
  const { openDownloads } = await import('./source/url/open-downloads.js');
  const { offline, registries } = workshop.settings;
  const { environment } = registries;
  const downloads = await openDownloads(lock.downloads, { ...workshop, sources, offline, environment });
  return { files: new Map([...files, ...downloads.files]), archives: downloads.archives, certificates };
}

async function openGuest(
  guest: NonNullable<Lock['guest']>,
  source: SourceOptions,
): Promise<NonNullable<AssembleInput['guest']>> {
  const { guestDigest, guestPicks, readGuestFiles, requireGuest } = await import('./guest/manifest.js');
  const { open: openPin } = await import('./source/transport.js');
  const [picks, files] = [guestPicks(architectureOf(source.platform)), await readGuestFiles()];
  requireGuest(guest, guestDigest(files, picks));
  const { layers } = await openPin(guest.pin, 'guest', { ...source, reference: 'deb:' });
  return { layers, picks, files };
}

/** Each reference of a spec once, with what it is for and where it stands first, in the order of the image. */
function referencesOf(spec: Spec): Map<string, { role: Role; property: string }> {
  const references = new Map<string, { role: Role; property: string }>();
  const add = (reference: string, role: Role, property: string): void => {
    if (!references.has(reference)) references.set(reference, { role, property });
  };
  if (spec.kernel !== undefined) add(spec.kernel.image, 'kernel', 'kernel.image');
  for (const [index, reference] of (spec.init ?? []).entries()) add(reference, 'root', `init[${index}]`);
  for (const kind of ['onboot', 'onshutdown', 'services'] as const) {
    for (const [index, { image }] of (spec[kind] ?? []).entries()) add(image, 'root', `${kind}[${index}].image`);
  }
  const packages = packagesReference(spec);
  if (packages !== undefined) add(packages, 'root', 'packages');
  return references;
}

/** Vendors' repositories of a spec, opened once, when they are needed. */
function repositoriesOf(
  { debian }: Spec,
  { directory, settings }: Workshop,
): Pick<SourceOptions, 'repositories'> | undefined {
  const declared = debian?.repositories;
  if (declared === undefined) return undefined;
  const { environment } = settings.registries;
  let opened: ReturnType<NonNullable<SourceOptions['repositories']>> | undefined;
  return {
    repositories: () => {
      opened ??= import('./source/debian/repositories.js').then(({ openRepositories }) =>
        openRepositories(declared, { directory, environment }),
      );
      return opened;
    },
  };
}

function sourceOptions(
  { platform, suite }: Pick<Lock, 'platform' | 'suite'>,
  workshop: Workshop,
  inSpec: LockedImage['mirrors'] = {},
): SourceOptions {
  const { store, settings, registries, directory, now, signal, progress } = workshop;
  const mirrors = async (): Promise<Mirrors> => {
    const { findMirrors } = await import('./source/debian/mirrors.js');
    const { repositoryAddresses } = await import('./source/debian/repositories.js');
    const main = inSpec.main ?? settings.mirrors.main;
    const security = inSpec.security ?? settings.mirrors.security;
    const { checkValidUntil } = settings;
    const found = await findMirrors({
      configured: { ...(main ? { main } : {}), ...(security ? { security } : {}) },
      ...(checkValidUntil === undefined ? {} : { checkValidUntil }),
    });
    const { repositories = [] } = inSpec;
    return { ...found, repositories: repositoryAddresses(repositories, settings.registries.environment) };
  };
  return { store, platform, suite, mirrors, registries, offline: settings.offline, directory, now, signal, progress };
}

interface StoredFile {
  readonly digest: Digest;
  readonly sizeBytes: number;
}

/** The files of an artifact as they lie in the store; undefined where one of them has gone. */
async function artifactOf(
  stored: Readonly<Record<string, StoredFile>> | undefined,
  store: Store,
): Promise<ArtifactFile[] | undefined> {
  if (stored === undefined) return undefined;
  const files: ArtifactFile[] = [];
  for (const [role, { digest, sizeBytes }] of Object.entries(stored)) {
    if (!(await store.has(digest))) return undefined;
    files.push({ role, path: store.pathOf(digest), sizeBytes, digest });
  }
  return files;
}

/** A part of an encoding, by a name that says all that decides its bytes. */
async function memo(
  name: string,
  make: () => AsyncIterable<Uint8Array>,
  { store, signal }: Workshop,
): Promise<BlobRange> {
  const known = (await store.recall(name)) as unknown as StoredFile | undefined;
  const { digest, sizeBytes } = known && (await store.has(known.digest)) ? known : await store.put(make(), { signal });
  if (known === undefined) await store.remember(name, { digest, sizeBytes });
  return { blob: digest, offset: 0, sizeBytes };
}
