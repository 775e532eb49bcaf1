import { type Contents, sha256, shortDigest } from '../model/index.js';

/** What a description may have as JSON, in bytes. */
export const MAX_CONTENTS_BYTES = 64 * 1024;

/** Longer than any kernel takes (COMMAND_LINE_SIZE is 2048). */
const MAX_COMMAND_LINE = 2048;
/** Room for the entry that stands for what was left out. */
const SUMMARY_BYTES = 64;

const PARTS = [
  'packages',
  'images',
  'services',
  'files',
  'components',
  'setuid',
  'users',
  'scriptsNotRun',
  'fileCapabilities',
] as const;

type Part = (typeof PARTS)[number];

/**
 * The description, shortened until it fits: what is small stays whole, and the large parts share what is left. What is
 * left out is counted, with a digest, under the name `…`.
 */
export function fitContents(contents: Contents): Contents {
  const { commandLine } = contents.kernel;
  const fitting = commandLine.length <= MAX_COMMAND_LINE ? contents : withCommandLineDigest(contents);
  const parts = PARTS.filter((part) => fitting[part] !== undefined);
  const needs = new Map(parts.map((part) => [part, bytesOf(fitting[part])]));
  const others = bytesOf(fitting) - [...needs.values()].reduce((sum, need) => sum + need, 0);
  const allowed = fairShares(needs, MAX_CONTENTS_BYTES - others);
  const shorter = parts.map((part) => [part, shortened(fitting[part] ?? {}, allowed.get(part) ?? 0)]);
  return { ...fitting, ...(Object.fromEntries(shorter) as Pick<Contents, Part>) };
}

function withCommandLineDigest(contents: Contents): Contents {
  const { kernel } = contents;
  return { ...contents, kernel: { ...kernel, commandLine: `sha256:${shortDigest(sha256(kernel.commandLine))}` } };
}

/** How many bytes each part may have: the smallest first takes what it needs, at most an equal share of the rest. */
function fairShares(needs: ReadonlyMap<Part, number>, totalBytes: number): Map<Part, number> {
  const shares = new Map<Part, number>();
  let leftBytes = totalBytes;
  const ascending = [...needs].sort(([, a], [, b]) => a - b);
  for (const [index, [part, need]] of ascending.entries()) {
    const share = Math.min(need, Math.floor(leftBytes / (ascending.length - index)));
    shares.set(part, share);
    leftBytes -= share;
  }
  return shares;
}

function shortened(value: NonNullable<Contents[Part]>, maxBytes: number): Contents[Part] {
  if (bytesOf(value) <= maxBytes) return value;
  if (Array.isArray(value)) {
    const items = value as readonly string[];
    const kept = fittingPart(items, maxBytes, (item) => bytesOf(item) + 1);
    return [...kept, `… ${summary(items.slice(kept.length))}`];
  }
  const members = Object.entries(value as Readonly<Record<string, string>>);
  const kept = fittingPart(members, maxBytes, ([name, text]) => bytesOf(name) + bytesOf(text) + 2);
  return Object.fromEntries([...kept, ['…', summary(members.slice(kept.length))]]);
}

function fittingPart<T>(items: readonly T[], maxBytes: number, sizeOf: (item: T) => number): readonly T[] {
  let bytes = SUMMARY_BYTES;
  const end = items.findIndex((item) => {
    bytes += sizeOf(item);
    return bytes > maxBytes;
  });
  return items.slice(0, end < 0 ? items.length - 1 : end);
}

function summary(rest: readonly unknown[]): string {
  return `${rest.length} more, sha256:${shortDigest(sha256(JSON.stringify(rest)))}`;
}

function bytesOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}
