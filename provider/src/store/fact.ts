import { closeSync, fstatSync, openSync, readFileSync, utimesSync } from 'node:fs';
import { hexOf, type Json, sha256 } from '../model/digest.js';
import { errnoOf } from './error.js';
import { USE_GRAIN_MS } from './mark.js';

/** A small value under a key, as it lies on disk. */
export interface Fact {
  readonly key: string;
  readonly value: Json;
}

const START = '{"sha256":"';
const MIDDLE = '","fact":';
const BODY_AT = START.length + 64 + MIDDLE.length;

/** JSON that carries a digest of itself: a flipped bit in a digit would be believed otherwise. */
export function encodeFact(fact: Fact): string {
  const body = JSON.stringify(fact);
  return `${START}${hexOf(sha256(body))}${MIDDLE}${body}}`;
}

/** The fact in a text; undefined where the text is not just as encodeFact() made it. */
export function decodeFact(text: string): Fact | undefined {
  const body = text.slice(BODY_AT, -1);
  if (text !== `${START}${hexOf(sha256(body))}${MIDDLE}${body}}`) return undefined;
  try {
    const fact = JSON.parse(body) as Partial<Fact> | null;
    return typeof fact?.key === 'string' && fact.value !== undefined ? (fact as Fact) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The text of a fact's file, or undefined if there is none. Where `usedMs` is given the file counts as used then. In one
 * go, since that takes a tenth of the time that it takes by way of other threads, and a build has hundreds of them.
 */
export function readFactFile(path: string, usedMs?: number): string | undefined {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    if (usedMs !== undefined && usedMs - fstatSync(file).mtimeMs > USE_GRAIN_MS) touch(path, usedMs);
    return readFileSync(file, 'utf8');
  } finally {
    closeSync(file);
  }
}

function touch(path: string, usedMs: number): void {
  try {
    utimesSync(path, usedMs / 1000, usedMs / 1000);
  } catch {
    // Another process has just removed it, or may not write: it is the oldest then, and no more.
  }
}
