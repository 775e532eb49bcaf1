import { open } from 'node:fs/promises';
import { plainLine } from './console-text.js';
import { LineStream } from './line-stream.js';

/** What a guest can say that decides whether its start goes on. */
export type GuestWord =
  /** Everything runs. When its phases ended, in seconds after the kernel's start. */
  | { readonly word: 'ready'; readonly phases: Readonly<Record<string, number>> }
  | { readonly word: 'failed'; readonly reason: string }
  | { readonly word: 'panic'; readonly reason: string };

const MAX_LINE_BYTES = 16 * 1024;
const MAX_PHASES = 32;
const PHASE_NAME = /^[A-Za-z][\w./-]{0,63}$/;
/**
 * Linux: kernel/panic.c, init/initramfs.c, init/do_mounts.c, and the oopses of arch/*\/kernel/dumpstack.c and mm/fault.c.
 * After all but the first the kernel goes on, without its root or without one of its threads: a machine that seems to
 * boot and never gets there.
 */
const PANICS = [
  /Kernel panic - not syncing: ?(.*)/,
  /(Initramfs unpacking failed: ?.*)/,
  /(VFS: Unable to mount root fs.*)/,
  /^\[ *\d+\.\d+\] ((?:BUG: |Oops: |Internal error: Oops).*)/,
];

/** What a line of a console, or of the port `ready`, means; undefined for all the others. */
export function guestWord(line: string): GuestWord | undefined {
  const text = plainLine(line);
  for (const panic of PANICS) {
    const reason = panic.exec(text)?.[1];
    if (reason !== undefined) return { word: 'panic', reason };
  }
  return line.trimStart().startsWith('{"ingot":') ? report(line) : undefined;
}

/** A report is one JSON object alone on its line; whatever else a program prints is none. */
function report(line: string): GuestWord | undefined {
  let said: unknown;
  try {
    said = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof said !== 'object' || said === null) return undefined;
  const { ingot, phase, reason, phases } = said as Record<string, unknown>;
  if (ingot === 'ready') return { word: 'ready', phases: phasesOf(phases) };
  if (ingot !== 'failed') return undefined;
  const parts = [phase, reason].filter((part) => typeof part === 'string').map(plainLine);
  return { word: 'failed', reason: parts.join(': ') || 'no reason given' };
}

function phasesOf(phases: unknown): Record<string, number> {
  if (typeof phases !== 'object' || phases === null) return {};
  const entries = Object.entries(phases).filter(
    ([name, seconds]) =>
      PHASE_NAME.test(name) && typeof seconds === 'number' && Number.isFinite(seconds) && seconds >= 0,
  );
  return Object.fromEntries(entries.slice(0, MAX_PHASES));
}

/** Reads on in a file that a guest writes to, as far as it is now. */
export class GuestEar {
  readonly #path: string;
  readonly #lines = new LineStream(MAX_LINE_BYTES);
  readonly #buffer = Buffer.alloc(256 * 1024);
  #offset = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** The words in what was written since the last call, in their order. */
  async listen(): Promise<GuestWord[]> {
    const words: GuestWord[] = [];
    await using file = await open(this.#path).catch(() => undefined);
    if (file === undefined) return words;
    for (;;) {
      const { bytesRead } = await file.read(this.#buffer, 0, this.#buffer.length, this.#offset);
      this.#offset += bytesRead;
      for (const line of this.#lines.push(this.#buffer.subarray(0, bytesRead))) {
        const word = guestWord(line);
        if (word !== undefined) words.push(word);
      }
      if (bytesRead < this.#buffer.length) break;
    }
    return words;
  }
}
