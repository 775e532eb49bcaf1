import { spawn } from 'node:child_process';

const TAIL_LINES = 20;
const running = new Set();

/**
 * Runs a program without input and collects what it prints.
 * `onLine` gets each line as it comes; `timeoutMs` limits the whole run; `isIdle`, asked each second with the seconds
 * since the last output, ends it early. The program and all that it started are ended with it, and with us.
 * Resolves to the exit code (null after a signal), all output, its last lines, and why it was ended, if it was.
 */
export function run(program, args, { cwd, env, onLine = () => {}, timeoutMs, isIdle } = {}) {
  return new Promise((resolve) => {
    // A process group of its own: ending npm alone would leave what npm started.
    const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    const chunks = [];
    let ended;
    let lastOutput = Date.now();
    const end = (why) => {
      ended ??= why;
      kill(child, 'SIGKILL');
    };
    const timeout = timeoutMs === undefined ? undefined : setTimeout(() => end('timeout'), timeoutMs);
    const watch =
      isIdle && setInterval(() => isIdle(Math.floor((Date.now() - lastOutput) / 1000)) && end('idle'), 1000);

    for (const stream of [child.stdout, child.stderr]) {
      let partial = '';
      stream.setEncoding('utf8').on('data', (text) => {
        lastOutput = Date.now();
        chunks.push(text);
        const lines = (partial + text).split(/\r?\n|\r/);
        partial = lines.pop();
        for (const line of lines) if (line.trim() !== '') onLine(line);
      });
    }
    const finish = (code) => {
      clearTimeout(timeout);
      clearInterval(watch);
      release(child);
      const output = chunks.join('');
      resolve({ code, output, tail: tail(output), ended });
    };
    child.on('error', (error) => {
      chunks.push(error.message);
      finish(127);
    });
    child.on('close', finish);
    hold(child);
  });
}

/** The last lines of an output, for an error message. */
export function tail(output, lines = TAIL_LINES) {
  return output.trimEnd().split('\n').slice(-lines).join('\n');
}

function hold(child) {
  if (running.size === 0) for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, endAll);
  running.add(child);
}

function release(child) {
  running.delete(child);
  if (running.size === 0) for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.off(signal, endAll);
}

function endAll(signal) {
  for (const child of running) kill(child, 'SIGKILL');
  process.exitCode = 130;
  process.off(signal, endAll);
  process.kill(process.pid, signal);
}

function kill(child, signal) {
  try {
    process.kill(-child.pid, signal);
  } catch {
    // It has ended by itself.
  }
}
