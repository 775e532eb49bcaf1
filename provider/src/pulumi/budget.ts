import { z } from 'zod';
import type { Contents } from '../model/contents.js';
import type { BootTestRecord } from '../pipeline.js';

/** What an image may have at the most. */
export const ImageBudget = z.strictObject({
  rootSizeBytes: z.int().min(1).optional(),
  packages: z.int().min(0).optional(),
});
export type ImageBudget = z.infer<typeof ImageBudget>;

/** How long a boot may take to each phase, in seconds. */
export const BootBudget = z.strictObject({
  bootSeconds: z
    .record(
      z.string().regex(/^[a-z][A-Za-z0-9.-]*$/, 'must be a phase such as healthy or guest.ready'),
      z.number().positive(),
    )
    .optional(),
});
export type BootBudget = z.infer<typeof BootBudget>;

/** Most that a message names. */
const MAX_NAMED = 5;

/**
 * What is more than the budget allows, each in a sentence that says where to look; nothing where all is within it.
 * @param before what was in the image that is deployed; undefined where there is none
 */
export function imageOverBudget(
  contents: Contents,
  { budget, before }: { readonly budget: ImageBudget; readonly before?: Contents | undefined },
): string[] {
  const { rootSizeBytes = Number.POSITIVE_INFINITY, packages = Number.POSITIVE_INFINITY } = budget;
  const reasons: string[] = [];
  const { rootBytes } = contents.sizes;
  if (rootBytes > rootSizeBytes) {
    const largest = sizesOf(contents).slice(0, MAX_NAMED);
    const grown = before === undefined ? [] : growthOf(contents, before).slice(0, MAX_NAMED);
    reasons.push(
      `Cannot keep to the budget: all files together have ${bytes(rootBytes)}, and rootSizeBytes allows ${bytes(rootSizeBytes)}; ` +
        `the largest parts are ${largest.map(([id, size]) => `${id} (${bytes(size)})`).join(', ')}` +
        (grown.length === 0
          ? ''
          : `; larger than in the image that is deployed are ${grown.map(([id, size]) => `${id} (+${bytes(size)})`).join(', ')}`),
    );
  }
  const count = countOf(contents.packages);
  if (count > packages) {
    const added = addedPackages(contents, before);
    const more = added.length > MAX_NAMED ? ` and ${added.length - MAX_NAMED} more` : '';
    const named = added.slice(0, MAX_NAMED).join(', ') + more;
    reasons.push(
      `Cannot keep to the budget: there are ${count} packages, and packages allows ${packages}` +
        (before === undefined || added.length === 0 ? '' : `; not in the image that is deployed are ${named}`),
    );
  }
  return reasons;
}

/** Which phases took longer than they may, as one sentence; undefined where none did, or emulation says nothing of them. */
export function bootOverBudget(
  { accelerator, bootSeconds }: Pick<BootTestRecord, 'accelerator' | 'bootSeconds'>,
  { bootSeconds: allowed = {} }: BootBudget,
): string | undefined {
  if (!isJudged(accelerator)) return undefined;
  const over = Object.entries(allowed).flatMap(([phase, limit]) => {
    const took = bootSeconds[phase];
    if (took === undefined) return [`${phase} was never told of (there were ${Object.keys(bootSeconds).join(', ')})`];
    return took > limit ? [`${phase} came after ${took} s, and budget.bootSeconds allows ${limit} s`] : [];
  });
  return over.length === 0 ? undefined : `Cannot pass the boot test: the image works, but ${over.join('; ')}`;
}

/** Emulation takes as long as it takes: it says nothing of the image. */
export function isJudged(accelerator: unknown): boolean {
  return accelerator !== undefined && accelerator !== 'tcg';
}

/** Sizes of components, the largest first. */
function sizesOf({ components }: Contents): [id: string, sizeBytes: number][] {
  const sizes = Object.entries(components).flatMap(([id, text]): [string, number][] => {
    const match = /^\d+ files, (\d+) bytes,/.exec(text);
    return match === null ? [] : [[id, Number(match[1])]];
  });
  return sizes.sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
}

function growthOf(contents: Contents, before: Contents): [id: string, sizeBytes: number][] {
  const old = new Map(sizesOf(before));
  const grown = sizesOf(contents).map(([id, size]): [string, number] => [id, size - (old.get(id) ?? 0)]);
  return grown.filter(([, size]) => size > 0).sort(([, x], [, y]) => y - x);
}

function addedPackages({ packages }: Contents, before: Contents | undefined): string[] {
  const old = before?.packages ?? {};
  const isShort = '…' in old;
  // Of a list that was cut short it cannot be said what was not in it.
  if (isShort) return [];
  return Object.entries(packages).flatMap(([name, version]) =>
    name in old || name === '…' ? [] : [`${name} ${version}`],
  );
}

/** How many there are, also where the list was cut short. */
function countOf(packages: Contents['packages']): number {
  const { '…': rest, ...listed } = packages;
  return Object.keys(listed).length + (rest === undefined ? 0 : Number.parseInt(rest, 10));
}

/** `12.3 MB`: of little numbers every byte counts. */
function bytes(sizeBytes: number): string {
  if (sizeBytes < 100_000) return `${sizeBytes} bytes`;
  return sizeBytes < 1e9 ? `${(sizeBytes / 1e6).toFixed(1)} MB` : `${(sizeBytes / 1e9).toFixed(2)} GB`;
}
