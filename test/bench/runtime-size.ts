import { silent } from '../../provider/src/model/progress.js';
import type { Tree } from '../../provider/src/model/tree.js';
import { open } from '../../provider/src/pipeline/open.js';
import { lock, openWorkshop, parse } from '../../provider/src/pipeline.js';
import { settingsFrom } from '../../provider/src/settings.js';
import { assemble } from '../../provider/src/tree/assemble.js';
import { assembleInitramfs } from '../../provider/src/tree/initramfs.js';

/** What a disk has beside its kernel and what its spec names, in bytes before any compression. */
export interface RuntimeSize {
  readonly root: number;
  /** Of the root, and of the initramfs that checks its blocks. */
  readonly all: number;
  /** The same, but what is in both, or twice in one, counts once. */
  readonly distinct: number;
}

/** Components of which that is not so. */
const NOT_RUNTIME = ['kernel', 'package', 'image', 'files'];

/** Of the trees of a real image, as its disk would carry them. */
export async function runtimeSize(spec: object): Promise<RuntimeSize> {
  await using workshop = await openWorkshop(settingsFrom(process.env), {
    directory: __dirname,
    signal: new AbortController().signal,
    progress: silent,
    now: () => new Date(),
  });
  const parsed = await parse(spec, workshop);
  const input = await open(await lock(parsed.spec, {}, workshop), workshop);
  const root = contentsOf(await assemble(input));
  const initramfs = contentsOf(await assembleInitramfs(input, { root: 'disk', verity: true }));
  const all = [...root, ...initramfs];
  const distinct = new Map(all.map((content) => [content.sha256, content]));
  return { root: sizeOf(root), all: sizeOf(all), distinct: sizeOf([...distinct.values()]) };
}

function contentsOf({ entries, components }: Tree) {
  const runtime = new Set(components.filter(({ kind }) => !NOT_RUNTIME.includes(kind)).map(({ id }) => id));
  return entries.flatMap(({ component, content }) => (content && runtime.has(component) ? [content] : []));
}

function sizeOf(contents: readonly { readonly sizeBytes: number }[]): number {
  return contents.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}
