import { spawn } from 'node:child_process';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];
/** Ctrl-C under npm comes twice: from the terminal and from npm. A person does not press it again this soon. */
const SAME_PRESS_MS = 700;
const LAST_GRACE_MS = 10_000;

/**
 * Runs a program whose output is ours, and on a terminal its input too, and resolves to its exit code. The first interruption is passed
 * on once, and the program ends as it sees fit; the second is passed on too, and ten seconds later it is killed.
 */
export function attach(program, args, { cwd, env }) {
  return new Promise((resolve) => {
    // In a session of its own the terminal does not interrupt it as well, so it counts as many as we pass on.
    const input = process.stdin.isTTY && process.stdout.isTTY ? 'inherit' : 'ignore';
    const child = spawn(program, args, { cwd, env, stdio: [input, 'inherit', 'inherit'], detached: true });
    let presses = 0;
    let lastPress = 0;
    const onSignal = () => {
      const now = Date.now();
      if (now - lastPress < SAME_PRESS_MS) return;
      lastPress = now;
      presses++;
      if (presses <= 2) child.kill('SIGINT');
      if (presses === 2) setTimeout(() => child.kill('SIGKILL'), LAST_GRACE_MS).unref();
    };
    const finish = (code, signal) => {
      for (const name of SIGNALS) process.off(name, onSignal);
      resolve({ code: code ?? 1, interrupted: presses > 0 || signal === 'SIGINT' });
    };
    for (const name of SIGNALS) process.on(name, onSignal);
    child.on('error', (error) => {
      process.stderr.write(`Cannot run ${program}: ${error.message}\n`);
      finish(127);
    });
    child.on('close', finish);
  });
}
