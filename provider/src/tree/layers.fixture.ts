import {
  type BlobRange,
  type Digest,
  type ImageConfig,
  type ImagePin,
  type Layer,
  type LayerEntry,
  type Lock,
  type Spec,
  sha256,
  type Tree,
} from '../model/index.js';
import type { AssembleInput } from './assemble-input.js';
import { bytesOf } from './generated.js';
import { entriesOf, type Folder } from './root.js';

type EntryOptions = Partial<Omit<LayerEntry, 'path' | 'type' | 'content'>>;

/** What a test says of an entry: a text is a file, `null` a folder, an object anything else. */
export type Item = string | null | (EntryOptions & { text?: string; type?: LayerEntry['type'] });

/** Content stores in memory: the bytes of each layer, as the store would have them. */
const blobs = new Map<Digest, Buffer>();

/** Bodies of all layers made here. */
export async function read({ blob, offset, sizeBytes }: BlobRange): Promise<Uint8Array> {
  const bytes = blobs.get(blob);
  if (bytes === undefined) throw new Error(`no blob ${blob}`);
  return bytes.subarray(offset, offset + sizeBytes);
}

/** A layer of these entries, in this order. A name `path#2` is a second entry for `path`. */
export function layer(items: Readonly<Record<string, Item>>, named?: { name: string; version: string }): Layer {
  const bodies: Buffer[] = [];
  const pending: { entry: Omit<LayerEntry, 'content'>; body?: Buffer; offset: number }[] = [];
  let offset = 0;
  for (const [key, item] of Object.entries(items)) {
    const { text, ...options } = typeof item === 'string' ? { text: item } : (item ?? {});
    const type = options.type ?? (item === null ? 'directory' : options.link === undefined ? 'file' : 'symlink');
    const mode = type === 'directory' ? 0o755 : type === 'symlink' ? 0o777 : 0o644;
    const path = key.replace(/#\d+$/, '');
    const entry = { path, mode, uid: 0, gid: 0, mtimeSeconds: 1700000000, ...options, type };
    const body = type === 'file' ? Buffer.from(text ?? '') : undefined;
    pending.push({ entry, offset, ...(body ? { body } : {}) });
    if (body) {
      bodies.push(body);
      offset += body.length;
    }
  }
  const blob = sha256(Buffer.concat([Buffer.from(JSON.stringify(items)), ...bodies]));
  blobs.set(blob, Buffer.concat(bodies));
  const entries = pending.map(({ entry, body, offset: at }): LayerEntry => {
    if (body === undefined) return entry;
    return { ...entry, content: { blob, offset: at, sizeBytes: body.length, sha256: sha256(body) } };
  });
  return { digest: blob, entries, ...(named ? { package: named } : {}) };
}

/** A package with a program, as Debian packages are. */
export function deb(name: string, items: Readonly<Record<string, Item>>, version = '1.0-1'): Layer {
  return layer({ usr: null, 'usr/bin': null, ...items }, { name, version });
}

export function program(text = '#!'): Item {
  return { text, mode: 0o755 };
}

const EPOCH = 1492533000;

export function lockOf(spec: Spec, rest: Partial<Lock> = {}): Lock {
  const images = [...(spec.onboot ?? []), ...(spec.onshutdown ?? []), ...(spec.services ?? [])].map(
    ({ image }) => image,
  );
  const kernel = spec.kernel === undefined ? [] : [spec.kernel.image];
  const volumes = (spec.volumes ?? []).flatMap(({ image }) => image ?? []);
  const pins = [...kernel, ...(spec.init ?? []), ...volumes, ...images].map((text) => [
    text,
    text.startsWith('deb:')
      ? { kind: 'debian' as const, suite: 'trixie', packages: [pinned(text)] }
      : imagePin(sha256(text)),
  ]);
  return {
    version: 1,
    recipe: 1,
    platform: 'linux/amd64',
    suite: 'trixie',
    sourceDateEpoch: EPOCH,
    spec,
    pins: Object.fromEntries(pins),
    files: {},
    guest: null,
    ...rest,
  };
}

function imagePin(manifest: Digest): ImagePin {
  return { kind: 'image', manifest, config: { digest: manifest, sizeBytes: 1 }, layers: [] };
}

function pinned(text: string): { [K in 'name' | 'version' | 'architecture' | 'path']: string } & {
  digest: Digest;
  sizeBytes: number;
  archive: 'main';
} {
  return {
    name: text,
    version: '1.0-1',
    architecture: 'amd64',
    digest: sha256(text),
    sizeBytes: 1,
    archive: 'main',
    path: `pool/${text}`,
  };
}

/** What an image says of itself: nothing, except what is given here. */
export function imageConfig(config: Partial<ImageConfig> = {}): ImageConfig {
  return { entrypoint: [], command: [], env: [], workingDirectory: '', user: '', labels: {}, ...config };
}

/** An input with one root per reference. */
export function inputOf(
  spec: Spec,
  roots: Readonly<Record<string, readonly Layer[]>> = {},
  rest: Partial<AssembleInput> = {},
): AssembleInput {
  return { lock: lockOf(spec), roots: new Map(Object.entries(roots)), files: new Map(), read, ...rest };
}

/** The text of a file in a tree; empty where there is none. */
export async function textIn({ entries }: Pick<Tree, 'entries'>, path: string): Promise<string> {
  const content = entries.find((entry) => entry.path === path)?.content;
  return content === undefined ? '' : Buffer.from(await bytesOf(content, read)).toString();
}

/** What is in a root, one short text per path: `0644 0:0 file 5`, `-> target`, `= first name`. */
export function listing(root: Folder | Pick<Tree, 'entries'>): Record<string, string> {
  const entries = 'entries' in root ? root.entries : entriesOf(root);
  return Object.fromEntries(
    entries.map(({ path, type, mode, uid, gid, link, content }) => {
      const owner = `${mode.toString(8).padStart(4, '0')} ${uid}:${gid}`;
      if (type === 'symlink') return [path, `-> ${link}`];
      if (type === 'hardlink') return [path, `= ${link}`];
      return [path, type === 'file' ? `${owner} ${content?.sizeBytes}` : `${owner} ${type}`];
    }),
  );
}
