import { z } from 'zod';
import type { Json } from '../../model/digest.js';
import { Lock, type LockTimes, RECIPE } from '../../model/lock.js';
import { SourceError } from '../error.js';

/**
 * What a lock file fixes: all of a lock that comes from outside of the user's own files. The spec and the digests of
 * those files are not in it: they are what they are when the image is built.
 */
export interface LockFileContent extends Pick<Lock, 'platform' | 'suite' | 'recipe' | 'guest' | 'pins'> {
  /** When packages were pinned. It decides nothing, and helps to find what mirrors have dropped. */
  readonly lockedAt?: LockTimes | undefined;
}

/** Raised when older Ingots cannot read the file any more. */
const VERSION = 1;

const Content = z.strictObject({
  version: z.literal(VERSION),
  platform: Lock.shape.platform,
  suite: Lock.shape.suite,
  recipe: Lock.shape.recipe,
  guest: Lock.shape.guest,
  lockedAt: z.record(z.string(), z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)).optional(),
  pins: Lock.shape.pins,
});

/** JSON for people and for diffs: indented, always in the same order, the pins sorted by their references. */
export function formatLockFile(content: LockFileContent): string {
  const { pins, ...rest } = Content.parse({ version: VERSION, ...content });
  const sorted = Object.fromEntries(
    Object.keys(pins)
      .sort()
      .map((reference) => [reference, pins[reference]]),
  );
  return `${JSON.stringify({ ...rest, pins: sorted }, null, 2)}\n`;
}

/**
 * The content of a lock file's text.
 * @param command what writes the file anew, for messages.
 * @throws {SourceError} `malformed` with the line; `unsupported` for one that a newer Ingot has written.
 */
export async function parseLockFile(
  text: string,
  { path, command }: { readonly path: string; readonly command: string },
): Promise<LockFileContent> {
  let json: Json;
  try {
    json = JSON.parse(text) as Json;
  } catch (error) {
    throw notJson(text, { path, command, error: error as SyntaxError });
  }
  refuseNewer(json, path);
  const parsed = Content.safeParse(json);
  if (parsed.success) {
    const { version: _, ...content } = parsed.data;
    return content;
  }
  const [issue] = parsed.error.issues;
  const at = (issue?.path ?? []) as (string | number)[];
  const line = await lineOf(text, at);
  const what = `${at.length === 0 ? 'the file' : at.join('.')}: ${issue?.message}`;
  throw malformed({ path, line }, `${what}; ${remedy(command)}`);
}

function refuseNewer(json: Json, path: string): void {
  const { version, recipe } = (json ?? {}) as { readonly version?: Json; readonly recipe?: Json };
  const told = [
    ['version', version, VERSION],
    ['recipe', recipe, RECIPE],
  ] as const;
  for (const [word, got, known] of told) {
    if (typeof got !== 'number' || got <= known) continue;
    throw new SourceError(
      'unsupported',
      `Cannot read ${path}: its ${word} is ${got}, of a newer Ingot, and this one knows up to ${known}; install the newer one`,
      { context: { path, got: `${got}`, want: `${known}` } },
    );
  }
}

function notJson(
  text: string,
  { path, command, error }: { readonly path: string; readonly command: string; readonly error: SyntaxError },
): SourceError {
  const conflict = /^(<{7}|={7}|>{7})( |$)/m.exec(text);
  if (conflict !== null) {
    const what = `there are conflicts of a merge in it; keep either side, and run \`${command}\``;
    return malformed({ path, line: linesBefore(text, conflict.index) }, what);
  }
  const offset = Number(/ at position (\d+)/.exec(error.message)?.[1] ?? text.length);
  const what = error.message.replace(/ in JSON at position.*$/, '');
  return malformed({ path, line: linesBefore(text, offset) }, `it is not JSON: ${what}; ${remedy(command)}`);
}

function remedy(command: string): string {
  return `restore it, or remove it and run \`${command}\`, which pins everything anew`;
}

function malformed({ path, line }: { readonly path: string; readonly line: number }, what: string): SourceError {
  return new SourceError('malformed', `Cannot read ${path}:${line}: ${what}`, { context: { path, line } });
}

/** 1-based line of the value at a path in a lock file's text, or of the nearest thing around it. */
export async function lineOf(text: string, at: readonly (string | number)[]): Promise<number> {
  // JSON is YAML, and that parser knows places. It is asked only where something is wrong.
  const { parseDocument } = await import('yaml');
  const document = parseDocument(text, { logLevel: 'silent' });
  for (let length = at.length; length >= 0; length--) {
    const node = document.getIn(at.slice(0, length), true) as { readonly range?: readonly number[] } | undefined;
    if (node?.range?.[0] !== undefined) return linesBefore(text, node.range[0]);
  }
  return 1;
}

function linesBefore(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}
