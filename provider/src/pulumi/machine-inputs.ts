import type { CheckFailure } from '@pulumi/pulumi/dynamic';
import { canonicalJson, type Json } from '../model/digest.js';
import type { Operation } from './handler.js';
import type { Properties } from './state.js';

/** What the stage that runs machines takes of a call of the engine. */
export function runOptions({ settings, signal, progress }: Operation): {
  stateDirectory: string;
  signal: AbortSignal;
  progress: Operation['progress'];
} {
  return { stateDirectory: settings.stateDirectory, signal, progress };
}

/** The kernel and what it needs to run, beside the image. */
const KERNEL_MIB = 96;

/**
 * A kernel that runs out of memory while it unpacks its root says so in one line, and goes on with files cut off. The
 * root is there twice for a moment: as it was loaded, and unpacked.
 */
export function tooLittleMemory({ __rootBytes, memoryMiB }: Properties): CheckFailure[] {
  if (typeof __rootBytes !== 'number' || typeof memoryMiB !== 'number') return [];
  const neededMiB = Math.ceil((2 * __rootBytes) / 2 ** 20) + KERNEL_MIB;
  if (memoryMiB >= neededMiB) return [];
  const reason = `${memoryMiB} is too little for this image, which is unpacked into memory; it needs at least ${neededMiB}`;
  return [{ property: 'memoryMiB', reason }];
}

/** All but the lock, which is long and says nothing that the digest does not. */
export function withoutLock(news: Properties): Properties {
  const { __lock, ...rest } = news;
  return rest;
}

export function same(a: unknown, b: unknown): boolean {
  return canonicalJson((a ?? null) as Json) === canonicalJson((b ?? null) as Json);
}
