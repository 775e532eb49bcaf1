import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { canonicalJson, type Digest, type Json, sha256 } from '../model/digest.js';
import type { BlobRange, ImageConfig, Layer, LayerEntry } from '../model/layer.js';
import { type Lock, type LockedImage, RECIPE } from '../model/lock.js';
import type { Component, Content, Tree, TreeEntry } from '../model/tree.js';
import { decodeLayerIndex, encodeLayerIndex } from '../store/layer-index.js';
import type { Store } from '../store/store.js';
import type { AssembleInput } from '../tree/assemble-input.js';
import { openGuest, openUserFiles, warnOfScripts } from './open.js';
import type { Workshop } from './workshop.js';

/** Raised when the form changes. */
const TREE_VERSION = 1;
/**
 * After that, layers are opened and the tree is assembled again: then all that it is made of counts as used, and what is
 * missing of it is found.
 */
const KEPT_MS = 24 * 60 * 60 * 1000;

/**
 * All that decides a tree but the content of the user's files: those are laid last, and what they hold decides nothing
 * else. So a tree that was kept serves, whatever is changed in them.
 */
export function treeKey(lock: Lock): string {
  const files = Object.entries(lock.files).map(([key, file]) => [key, isFile(key) ? null : file]);
  const rest = { ...lock, files: Object.fromEntries(files) };
  return `tree ${TREE_VERSION} ${RECIPE} ${codeTime()} ${sha256(canonicalJson(rest as unknown as Json))}`;
}

/**
 * When the code that assembles was last written: what other code has kept, older or still being worked on, is not taken.
 * Asked once: this process goes on with the code that it has loaded, whatever is written there meanwhile.
 */
function codeTime(): number {
  codeMs ??= Math.max(
    ...readdirSync(CODE).map((name) => statSync(join(CODE, name), { throwIfNoEntry: false })?.mtimeMs ?? 0),
  );
  return Math.trunc(codeMs);
}

const CODE = join(__dirname, '../tree');
let codeMs: number | undefined;

/** By index in `spec.files`; others are certificates, whose content goes into bundles. */
function isFile(key: string): boolean {
  return /^[0-9]+$/.test(key);
}

interface Fact {
  readonly keptMs: number;
  readonly entries: BlobRange;
  /** Contents that were made, one behind the other. */
  readonly made: Digest;
  readonly about: BlobRange;
}

/** What is not in the entries of a layer. */
interface About {
  readonly blobs: readonly Digest[];
  readonly components: readonly Component[];
  /** By entry: its place among the components. */
  readonly componentOf: readonly number[];
  /** Of entries whose content is a file of the user's: which. */
  readonly files: readonly (readonly [entry: number, file: number])[];
  readonly kernel?: Layer;
  readonly guest?: readonly Layer[];
  readonly roots: readonly (readonly [string, readonly Layer[]])[];
  readonly images: readonly (readonly [string, ImageConfig])[];
}

/** A tree that was kept, with what describes it, if all that it consists of is in the store. */
export async function recallTree(
  key: string,
  { lock, sources }: LockedImage,
  workshop: Workshop,
): Promise<{ readonly tree: Tree; readonly input: AssembleInput } | undefined> {
  const { store, now } = workshop;
  const fact = (await store.recall(key)) as unknown as Fact | undefined;
  if (fact === undefined || Math.abs(now().getTime() - fact.keptMs) > KEPT_MS) return undefined;
  const [aboutBytes, entryBytes] = [await soundBytes(fact.about, store), await soundBytes(fact.entries, store)];
  if (aboutBytes === undefined || entryBytes === undefined) return undefined;
  const about = JSON.parse(aboutBytes.toString('utf8')) as About;
  for (const blob of [fact.made, ...about.blobs]) if (!(await store.has(blob))) return undefined;
  const entries = decodeLayerIndex(entryBytes) as Entry[];
  const { components, componentOf } = about;
  for (const [index, entry] of entries.entries()) entry.component = components[componentOf[index] ?? 0]?.id ?? '';
  const opened = await openUserFiles({ lock, sources }, workshop);
  for (const [index, file] of about.files) {
    const [entry, content] = [entries[index], opened.files.get(file)];
    if (entry === undefined || content === undefined) return undefined;
    entry.content = content;
  }
  const roots = new Map(about.roots);
  await warnOfScripts([...roots.values()].flat(), workshop);
  const guest = lock.guest && about.guest && { ...(await openGuest(lock.guest, lock.platform)), layers: about.guest };
  const input = {
    ...{ lock, roots, images: new Map(about.images), ...opened, read: (range: BlobRange) => store.read(range) },
    ...(about.kernel ? { kernel: about.kernel } : {}),
    ...(guest ? { guest } : {}),
  };
  return { tree: { entries, components }, input };
}

/** Compared with their digest each time: what is damaged here would be believed in everything. */
async function soundBytes(range: BlobRange, store: Store): Promise<Buffer | undefined> {
  if (!(await store.has(range.blob))) return undefined;
  const bytes = await store.read(range);
  return sha256(bytes) === range.blob ? bytes : undefined;
}

type Entry = { -readonly [Name in keyof TreeEntry]: TreeEntry[Name] };

/** Keeps a tree under a key, with what of its input describes it. */
export async function keepTree(
  key: string,
  { tree, input }: { readonly tree: Tree; readonly input: AssembleInput },
  { store, now, signal }: Workshop,
): Promise<void> {
  const put = async (bytes: Uint8Array): Promise<BlobRange> => {
    const { digest, sizeBytes } = await store.put(bytes, { signal });
    return { blob: digest, offset: 0, sizeBytes };
  };
  const { entries, components } = tree;
  const made = new Map<Content, number>();
  let madeBytes = 0;
  for (const { content } of entries) {
    if (content === undefined || !('bytes' in content) || made.has(content)) continue;
    made.set(content, madeBytes);
    madeBytes += content.sizeBytes;
  }
  const { blob } = await put(Buffer.concat([...made.keys()].flatMap((one) => ('bytes' in one ? [one.bytes] : []))));
  const fileOf = new Map<Content, number>([...input.files].map(([index, content]) => [content, index]));
  const files: [number, number][] = [];
  const placed = entries.map((entry, index): LayerEntry => {
    const { component: _, content, ...attributes } = entry;
    if (content === undefined) return attributes;
    const file = fileOf.get(content);
    if (file !== undefined) files.push([index, file]);
    // What stands for a file of the user's is replaced by what that holds then.
    if (file !== undefined) return { ...attributes, content: { blob, offset: 0, sizeBytes: 0, sha256: blob } };
    if (!('bytes' in content)) return { ...attributes, content };
    const { sizeBytes, sha256: digest } = content;
    return { ...attributes, content: { blob, offset: made.get(content) ?? 0, sizeBytes, sha256: digest } };
  });
  const places = new Map(components.map(({ id }, place) => [id, place]));
  const { kernel, guest, roots, images = [] } = input;
  const about: About = {
    blobs: [...new Set(placed.flatMap(({ content }) => (content ? [content.blob] : [])))],
    components,
    componentOf: entries.map(({ component }) => places.get(component) ?? 0),
    files,
    ...(kernel ? { kernel: described(kernel) } : {}),
    ...(guest ? { guest: guest.layers.map(described) } : {}),
    roots: [...roots].map(([reference, layers]) => [reference, layers.map(described)]),
    images: [...images],
  };
  const fact: Fact = {
    keptMs: now().getTime(),
    entries: await put(encodeLayerIndex(placed)),
    made: blob,
    about: await put(Buffer.from(JSON.stringify(about))),
  };
  await store.remember(key, fact as unknown as Json);
}

/** Without entries, but for the one that is asked for by its path when all is assembled: the stub of a boot. */
function described({ digest, package: named, entries }: Layer): Layer {
  const stub = entries.filter(({ path }) => path.endsWith('.efi.stub'));
  return { digest, entries: stub, ...(named ? { package: named } : {}) };
}
