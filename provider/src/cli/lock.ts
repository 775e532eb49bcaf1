import { at, lockDigest, lockFile, lock as lockSpec, parse, readLockFile, relock, staleness } from '../pipeline.js';
import { columns } from './columns.js';
import { lockPlaceOf } from './lock-place.js';
import { asking } from './question.js';
import { withWorkshop } from './workshop.js';

export interface LockCommandOptions {
  readonly update?: true | readonly string[];
  readonly check?: true;
  readonly printDigest?: true;
}

/** `ingot lock SPEC…`: writes the lock file, and tells what has moved. */
export async function lock(specs: readonly string[], options: LockCommandOptions): Promise<void> {
  if (options.check) return check(specs);
  const place = await lockPlaceOf(specs);
  await withWorkshop(async (workshop) => {
    const { writeLockFile } = await lockFile();
    const parsed = await parse(specs, workshop);
    const old = await readLockFile(specs, workshop);
    const update = options.update === true ? [] : options.update;
    // Messages go where they do not mix with the digest.
    const say = options.printDigest ? process.stderr : process.stdout;
    await at(parsed, async () => {
      const content = await relock(parsed.spec, { file: old, update }, workshop);
      const file = { ...place, content };
      if (content !== old?.content) await writeLockFile(file, workshop.directory);
      for (const line of await told(old?.content, file)) say.write(`${line}\n`);
      if (!options.printDigest) return;
      const locked = await lockSpec(parsed.spec, { file }, workshop);
      process.stdout.write(`${lockDigest(locked.lock)}\n`);
    });
  });
}

type Content = Awaited<ReturnType<typeof relock>>;

async function told(
  old: Content | undefined,
  { path, content }: { readonly path: string; readonly content: Content },
): Promise<string[]> {
  const { described, pinChanges } = await lockFile();
  if (old === undefined) {
    const rows = Object.entries(content.pins).map(([reference, pin]) => [`  ${reference}`, described(pin)]);
    if (content.guest) rows.push(["  Ingot's own init", described(content.guest.pin)]);
    return [`${path}: written`, ...columns(rows.sort())];
  }
  const changes = pinChanges(old, content);
  if (changes.length === 0) return [`${path}: nothing to change`];
  const rows = changes.map(({ name, before, after, in: places }) => [
    `  ${before === undefined ? '+' : after === undefined ? '-' : '~'} ${name}`,
    [before, after].filter((version) => version !== undefined).join(' → '),
    places.join(', '),
  ]);
  return [`${path}: written`, ...columns(rows)];
}

const check = asking(async (specs: readonly string[]): Promise<boolean> => {
  const { path, command } = await lockPlaceOf(specs);
  return withWorkshop(async (workshop) => {
    const { sentenceOf } = await lockFile();
    const { spec } = await parse(specs, workshop);
    const file = await readLockFile(specs, workshop);
    const reasons = file === undefined ? [{ text: 'it is not there' }] : await staleness(spec, file, workshop);
    const isFresh = reasons.length === 0;
    process.stdout.write(`${path}: ${isFresh ? 'up to date' : `stale: ${sentenceOf(reasons)}; run \`${command}\``}\n`);
    return !isFresh;
  });
});
