import { resolve } from 'node:path';
import { IngotError } from '../model/error.js';
import { cache } from '../pipeline.js';
import { settingsFrom } from '../settings.js';
import { columns } from './columns.js';
import { UsageError } from './usage-error.js';
import { withWorkshop } from './workshop.js';

class CacheCommandError extends IngotError<'nothing-asked'> {}

/** `ingot cache dir`: the folder, whether it is there or not. */
export function cacheDir(): void {
  process.stdout.write(`${resolve(settingsFrom(process.env).cacheDirectory)}\n`);
}

const MEANINGS: Readonly<Record<string, string>> = {
  layers: 'what images are made of, unpacked',
  inputs: 'packages that are unpacked already: the first to go',
  artifacts: 'images that were built',
  parts: 'parts of them, for the next build',
  other: 'files of yours, lists of packages, manifests',
  facts: 'what was found out',
  temporary: 'what is being written, or was left over',
};

/** `ingot cache du`: what takes how much room. */
export async function cacheDu(options: { readonly json?: true }): Promise<void> {
  await withWorkshop(async ({ store, settings, signal }) => {
    const { formatSize, limitOf, usageOf } = await cache();
    const usage = await usageOf(store.directory, signal);
    const totalBytes = usage.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const maxBytes = limitOf(settings.cacheMaxSize);
    const shared = settings.sharedCaches ?? [];
    if (options.json) {
      const report = { directory: store.directory, totalBytes, maxBytes: maxBytes ?? null, shared, usage };
      process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
      return;
    }
    const rows = usage.map(({ kind, files, sizeBytes }) => [
      kind,
      `${files}`,
      formatSize(sizeBytes),
      MEANINGS[kind] ?? '',
    ]);
    const files = usage.reduce((sum, one) => sum + one.files, 0);
    const limit = maxBytes === undefined ? 'no limit' : `limit ${formatSize(maxBytes)}`;
    const lines = columns(
      [['KIND', 'FILES', 'SIZE', ''], ...rows, ['total', `${files}`, formatSize(totalBytes), limit]],
      {
        right: [1, 2],
      },
    );
    process.stdout.write(
      `${[store.directory, ...shared.map((path) => `over ${path}, which is only read`), '', ...lines].join('\n')}\n`,
    );
  });
}

export interface PruneCommandOptions {
  readonly maxSize?: string;
  readonly olderThan?: string;
  readonly all?: true;
  readonly dryRun?: true;
}

/** `ingot cache prune`: removes what was used longest ago, and nothing that a running build uses. */
export async function cachePrune(options: PruneCommandOptions): Promise<void> {
  await withWorkshop(async ({ store, settings, signal }) => {
    const { formatSize, limitOf, parseDuration, parseSize, prune } = await cache();
    const { all, maxSize, olderThan, dryRun } = options;
    if (all && (maxSize !== undefined || olderThan !== undefined)) {
      throw new UsageError(
        'contradiction',
        'Cannot prune the cache: --all leaves nothing to choose; give either --all, or --max-size and --older-than',
      );
    }
    const isPlain = maxSize === undefined && olderThan === undefined;
    const maxBytes = all
      ? 0
      : maxSize !== undefined
        ? understood(() => parseSize(maxSize, '--max-size'))
        : isPlain
          ? limitOf(settings.cacheMaxSize)
          : undefined;
    const unusedForMs =
      olderThan === undefined ? undefined : understood(() => parseDuration(olderThan, '--older-than'));
    if (maxBytes === undefined && unusedForMs === undefined) {
      throw new CacheCommandError(
        'nothing-asked',
        'Cannot prune the cache: it has no limit (INGOT_CACHE_MAX_SIZE is none); give --max-size, --older-than or --all',
      );
    }
    const pruned = await prune(store.directory, {
      maxBytes,
      unusedForMs,
      nowMs: Date.now(),
      signal,
      dryRun: dryRun === true,
    });
    const files = pruned.removed === 1 ? '1 file' : `${pruned.removed} files`;
    const inUse = pruned.inUseBytes === 0 ? '' : `, ${formatSize(pruned.inUseBytes)} of it in use by running builds`;
    process.stdout.write(
      `${dryRun ? 'would remove' : 'removed'} ${files}, ${formatSize(pruned.removedBytes)}; ` +
        `${formatSize(pruned.keptBytes)} ${dryRun ? 'would be left' : 'left'}${inUse}\n`,
    );
  });
}

/** What the cache cannot read stands in the command line here. */
function understood<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof IngotError)) throw error;
    throw new UsageError('bad-number', error.message, { cause: error });
  }
}

/** `ingot cache verify`: compares everything with its digest. @returns whether anything was damaged. */
export async function cacheVerify(options: { readonly json?: true }): Promise<boolean> {
  return withWorkshop(async ({ store, settings, signal, progress }) => {
    const { formatSize, verify } = await cache();
    const own = await verify(store.directory, { signal, progress });
    const shared = [];
    for (const path of settings.sharedCaches ?? [])
      shared.push(await verify(resolve(path), { signal, progress, keep: true }));
    const damagedShared = shared.flatMap(({ damaged }) => damaged);
    if (options.json) {
      process.stdout.write(`${JSON.stringify({ ...own, shared }, null, 2)}\n`);
    } else {
      for (const { path, digest } of own.damaged) process.stdout.write(`damaged, removed: ${digest ?? path}\n`);
      for (const { path } of damagedShared) process.stdout.write(`damaged, passed over: ${path}\n`);
      const count = own.damaged.length + damagedShared.length;
      const blobs = [own, ...shared].reduce((sum, one) => sum + one.blobs, 0);
      const sizeBytes = [own, ...shared].reduce((sum, one) => sum + one.sizeBytes, 0);
      process.stdout.write(
        `${blobs} blobs, ${formatSize(sizeBytes)}: ${count === 0 ? 'all sound' : `${count} damaged`}\n`,
      );
    }
    return own.damaged.length + damagedShared.length > 0;
  });
}
