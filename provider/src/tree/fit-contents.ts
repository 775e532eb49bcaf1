import { type Contents, sha256, shortDigest } from '../model/index.js';

/** What a description may have as JSON, in bytes. */
export const MAX_CONTENTS_BYTES = 64 * 1024;

type Table = Readonly<Record<string, string>>;

/** What is shortened first: what a person misses least. */
const TABLES = ['users', 'components', 'files', 'images', 'packages', 'services'] as const;

/** The description, shortened until it fits. What is left out is counted, with a digest, under the name `…`. */
export function fitContents(contents: Contents): Contents {
  let fitting = contents;
  if (bytesOf(fitting) > MAX_CONTENTS_BYTES) {
    fitting = { ...fitting, setuid: shortenedList(fitting.setuid, allowance(fitting, fitting.setuid)) };
  }
  for (const table of TABLES) {
    if (bytesOf(fitting) <= MAX_CONTENTS_BYTES) break;
    fitting = { ...fitting, [table]: shortened(fitting[table], allowance(fitting, fitting[table])) };
  }
  if (bytesOf(fitting) <= MAX_CONTENTS_BYTES) return fitting;
  const { commandLine } = fitting.kernel;
  return { ...fitting, kernel: { ...fitting.kernel, commandLine: `sha256:${shortDigest(sha256(commandLine))}` } };
}

/** A part keeps what the others leave, and no less than 1 kB. */
function allowance(contents: Contents, part: unknown): number {
  return Math.max(1024, MAX_CONTENTS_BYTES - (bytesOf(contents) - bytesOf(part)) - 100);
}

function shortened(table: Table, maxBytes: number): Table {
  const members = Object.entries(table);
  const kept = fittingPart(members, maxBytes, ([name, value]) => bytesOf(name) + bytesOf(value) + 2);
  const rest = members.slice(kept.length);
  return rest.length === 0 ? table : Object.fromEntries([...kept, ['…', summary(rest)]]);
}

function shortenedList(list: readonly string[], maxBytes: number): readonly string[] {
  const kept = fittingPart(list, maxBytes, (item) => bytesOf(item) + 1);
  const rest = list.slice(kept.length);
  return rest.length === 0 ? list : [...kept, `… ${summary(rest)}`];
}

function fittingPart<T>(items: readonly T[], maxBytes: number, sizeOf: (item: T) => number): T[] {
  const kept: T[] = [];
  let bytes = 100;
  for (const item of items) {
    bytes += sizeOf(item);
    if (bytes > maxBytes) break;
    kept.push(item);
  }
  return kept;
}

function summary(rest: readonly unknown[]): string {
  return `${rest.length} more, sha256:${shortDigest(sha256(JSON.stringify(rest)))}`;
}

function bytesOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}
