import { get, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HealthCheck } from '../../model/machine.js';

const FIRST_INTERVAL_MS = 100;
const LAST_INTERVAL_MS = 500;
const GROWTH = 1.2;
/** While the guest has not said that an answer is likely. */
const UNLIKELY_INTERVAL_MS = 2000;
/** A slow machine may need this long for its first answer; further attempts go on beside, some twenty of them. */
const ATTEMPT_LIMIT_MS = 10_000;

export interface HealthOptions {
  /** Aborted: the attempts end and the promise stays pending. */
  readonly signal: AbortSignal;
  /** Told the outcome of each attempt that failed, in words for a person. */
  readonly failed: (why: string) => void;
  /** Where the guest tells: resolves when an answer is likely. Before that it is asked rarely, then at once. */
  readonly likely?: Promise<unknown> | undefined;
}

/** One question to a machine: resolves with nothing if it is healthy, or with what is wrong. */
export type Attempt = (signal: AbortSignal) => Promise<string | undefined>;

/**
 * Asks again and again, soon at first, until an answer is good. A guest that is not up yet leaves questions unanswered
 * rather than refused, and gets all of them once it is, so attempts overlap: the answer to a later one is not held up by
 * the time limit of an earlier.
 */
export async function untilHealthy(attempt: Attempt, { signal, failed, likely }: HealthOptions): Promise<void> {
  const end = new AbortController();
  const ended = AbortSignal.any([signal, end.signal]);
  let healthy = false;
  const ask = async (): Promise<void> => {
    const problem = await askOnce(attempt, { signal: ended, limitMs: ATTEMPT_LIMIT_MS });
    if (ended.aborted) return;
    if (problem !== undefined) return failed(problem);
    healthy = true;
    end.abort();
  };
  let isLikely = likely === undefined;
  const soon = likely?.then(() => {
    isLikely = true;
  });
  let intervalMs = FIRST_INTERVAL_MS;
  while (!ended.aborted) {
    if (isLikely) {
      void ask();
      await pause(intervalMs, ended);
      intervalMs = Math.min(intervalMs * GROWTH, LAST_INTERVAL_MS);
    } else {
      await Promise.race([soon, pause(UNLIKELY_INTERVAL_MS, ended)]);
      if (!isLikely && !ended.aborted) void ask();
    }
  }
  if (!healthy) await new Promise(() => {});
}

/** Asks one question, which is over after the limit, answered or not. */
export async function askOnce(
  attempt: Attempt,
  { signal, limitMs }: { readonly signal: AbortSignal; readonly limitMs: number },
): Promise<string | undefined> {
  // Not AbortSignal.timeout(): nothing holds one that is only part of another signal, and older versions of Node were
  // seen to collect it before its time.
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new DOMException('It took too long', 'TimeoutError')), limitMs);
  timer.unref();
  try {
    return await attempt(AbortSignal.any([signal, late.signal]));
  } finally {
    clearTimeout(timer);
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {});
}

/** Bytes of an answer that are searched for a text. */
const MAX_BODY_BYTES = 1 << 20;

/**
 * Whether a GET through the loopback port is answered with the expected status and, where one is wanted, a text; else
 * the answer's body is not read.
 */
export function httpAttempt(
  { path = '/', status, body }: NonNullable<HealthCheck['http']> & { readonly body?: string | undefined },
  at: { readonly port: number; readonly host: string },
): Attempt {
  return (signal) =>
    new Promise((resolve) => {
      const headers = { Host: at.host, 'User-Agent': 'ingot-health', Connection: 'close' };
      const request = get({ host: '127.0.0.1', port: at.port, path, headers, agent: false, signal }, (answer) => {
        const got = answer.statusCode ?? 0;
        const good = status === undefined ? got >= 200 && got < 400 : got === status;
        if (good && body !== undefined) return void bodyProblem(answer, body).then(resolve);
        answer.destroy();
        resolve(good ? undefined : `it answers HTTP ${got}, not ${status ?? '200 to 399'}`);
      });
      request.on('error', (error: NodeJS.ErrnoException) => resolve(wordsFor(error)));
    });
}

async function bodyProblem(answer: IncomingMessage, wanted: string): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      sizeBytes += chunk.length;
      if (sizeBytes >= MAX_BODY_BYTES) break;
    }
  } catch (error) {
    return wordsFor(error as NodeJS.ErrnoException);
  }
  if (Buffer.concat(chunks).includes(wanted)) return undefined;
  return `its answer has no ${JSON.stringify(wanted)} in it`;
}

/**
 * Whether something in the machine takes a connection. QEMU itself takes every connection, and only then asks the
 * guest: so either the guest says something, or QEMU is asked what has become of the connection.
 * @param established whether QEMU has a connection of that loopback port that the guest has taken.
 */
export function tcpAttempt(port: number, established: (port: number) => Promise<boolean>): Attempt {
  return (signal) =>
    new Promise((resolve) => {
      const socket = connect({ host: '127.0.0.1', port, signal });
      const done = (problem?: string): void => {
        socket.destroy();
        resolve(problem);
      };
      socket.on('data', () => done());
      socket.on('end', () => done('it closes connections'));
      socket.on('error', (error: NodeJS.ErrnoException) => done(wordsFor(error)));
      socket.on('connect', async () => {
        while (!socket.destroyed) {
          if (await established(port).catch(() => false)) done();
          else await sleep(FIRST_INTERVAL_MS);
        }
      });
    });
}

/** A line of QEMU's `info usernet` for a connection to that loopback port which the guest has accepted. */
export function isEstablished(usernet: string, port: number): boolean {
  return usernet.split('\n').some((line) => {
    const [state, , address, localPort] = line.trim().split(/\s+/);
    return state === 'TCP[ESTABLISHED]' && address === '127.0.0.1' && localPort === String(port);
  });
}

function wordsFor(error: NodeJS.ErrnoException): string {
  if (error.name === 'AbortError' || error.name === 'TimeoutError') return 'it does not answer';
  if (error.code === 'ECONNREFUSED' || error.code === 'ECONNRESET') return 'it refuses connections';
  return `it answers with something else (${error.code ?? error.message})`;
}
