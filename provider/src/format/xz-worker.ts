import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';

/** What the worker says. One stream at a time: `begin` from here, then these, up to `end` or `error`. */
export type FromWorker =
  | { readonly type: 'need' }
  | { readonly type: 'output'; readonly chunk: Uint8Array }
  | { readonly type: 'end' }
  | { readonly type: 'error'; readonly message: string };

/** What is said to the worker: `input` answers each `need` (null: there is no more), `taken` each `output`. */
export type ToWorker =
  | { readonly type: 'begin' }
  | { readonly type: 'input'; readonly chunk: Uint8Array<ArrayBuffer> | null }
  | { readonly type: 'taken' };

/**
 * The worker's program, as text, so that it is there whether this runs compiled, bundled or straight from TypeScript.
 * It gathers output into larger pieces, and stops when a few of them wait to be taken: memory stays bounded.
 */
const PROGRAM = `
const { parentPort, workerData } = require('node:worker_threads');
const { XzReadableStream } = require(workerData.decoder);
const PIECE_BYTES = 1 << 18;
const PIECES_WAITING = 4;
let giveInput, resume, waiting = 0;
// Kept from stream to stream: most are far smaller.
let piece = new Uint8Array(PIECE_BYTES);

async function send(piece) {
  while (waiting >= PIECES_WAITING) await new Promise((done) => { resume = done; });
  waiting += 1;
  parentPort.postMessage({ type: 'output', chunk: piece }, [piece.buffer]);
}

async function run() {
  const input = new ReadableStream({
    async pull(controller) {
      const chunk = await new Promise((give) => { giveInput = give; parentPort.postMessage({ type: 'need' }); });
      if (chunk === null) controller.close();
      else controller.enqueue(chunk);
    },
  }, { highWaterMark: 1 });
  const reader = new XzReadableStream(input).getReader();
  let filled = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    for (let taken = 0; taken < value.length; ) {
      const part = value.subarray(taken, taken + PIECE_BYTES - filled);
      piece.set(part, filled);
      filled += part.length;
      taken += part.length;
      if (filled < PIECE_BYTES) continue;
      await send(piece);
      piece = new Uint8Array(PIECE_BYTES);
      filled = 0;
    }
  }
  if (filled > 0) await send(piece.slice(0, filled));
}

parentPort.on('message', (message) => {
  if (message.type === 'input') giveInput(message.chunk);
  else if (message.type === 'taken') { waiting -= 1; resume?.(); }
  else {
    waiting = 0;
    run().then(
      () => parentPort.postMessage({ type: 'end' }),
      (error) => parentPort.postMessage({ type: 'error', message: String(error?.message ?? error) }),
    );
  }
});
`;

/** Two use both cores of a small machine; each needs up to 100 MB. */
const MAX_WORKERS = 2;
/** Starting one costs 50 ms and more, so they are kept for the next stream, but not for long. */
const IDLE_MS = 5_000;

interface Idle {
  readonly worker: Worker;
  readonly timer: NodeJS.Timeout;
}

const idle: Idle[] = [];
const queue: (() => void)[] = [];
let busy = 0;

/** Waits for a worker; at most two are out at once. Give it back with returnWorker(). */
export async function takeWorker(signal?: AbortSignal): Promise<Worker> {
  signal?.throwIfAborted();
  if (busy >= MAX_WORKERS) await turn(signal);
  else busy += 1;
  const kept = idle.pop();
  if (kept === undefined) return startWorker();
  clearTimeout(kept.timer);
  kept.worker.ref();
  return kept.worker;
}

/** Takes a worker back. One that is not at the end of a stream must not be reused: it is stopped. */
export function returnWorker(worker: Worker, reusable: boolean): void {
  if (reusable) keep(worker);
  else void worker.terminate();
  passOn();
}

/** Gives the place of a worker to whoever waits longest. */
function passOn(): void {
  const next = queue.shift();
  if (next === undefined) busy -= 1;
  else next();
}

function startWorker(): Worker {
  try {
    return newWorker();
  } catch (error) {
    passOn();
    throw error;
  }
}

function newWorker(): Worker {
  const decoder = createRequire(__filename).resolve('xz-decompress');
  // No flags of this process: loaders and hooks have no business there.
  const worker = new Worker(PROGRAM, { eval: true, execArgv: [], workerData: { decoder } });
  // Whoever uses it listens too; an error of one that nobody uses concerns nobody.
  worker.on('error', () => undefined);
  worker.on('exit', () => forget(worker));
  return worker;
}

function keep(worker: Worker): void {
  worker.unref();
  const timer = setTimeout(() => {
    forget(worker);
    void worker.terminate();
  }, IDLE_MS).unref();
  idle.push({ worker, timer });
}

function forget(worker: Worker): void {
  const at = idle.findIndex((one) => one.worker === worker);
  if (at !== -1) clearTimeout(idle.splice(at, 1)[0]?.timer);
}

async function turn(signal: AbortSignal | undefined): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const abort = () => {
    const at = queue.indexOf(resolve);
    if (at === -1) return;
    queue.splice(at, 1);
    reject(signal?.reason);
  };
  queue.push(resolve);
  signal?.addEventListener('abort', abort, { once: true });
  await promise.finally(() => signal?.removeEventListener('abort', abort));
}
