const terminal = process.stderr.isTTY === true && process.env.TERM !== 'dumb';
const QUIET_REPORT_MS = 30_000;

/** A step that failed: says which one, what was printed last, and what to do. */
export class StepError extends Error {
  constructor(step, { what, output = '', advice = '' }) {
    super([`${step}: ${what}`, output && indent(output), advice].filter(Boolean).join('\n'));
    this.name = 'StepError';
    this.step = step;
  }
}

/**
 * Shows a step while it runs and how long it took, on stderr. `work` gets a function that shows how far it is: at
 * once on a terminal, every half minute elsewhere. Resolves to what `work` resolves to.
 */
export async function step(name, work) {
  const start = Date.now();
  let progress = '';
  let lastReport = start;
  const draw = () => {
    const line = `  ${name}  ${seconds(start)}  ${progress}`.replace(/\t/g, ' ');
    process.stderr.write(`\r\u001b[2K${line.slice(0, (process.stderr.columns || 80) - 1)}`);
  };
  if (!terminal) process.stderr.write(`  ${name} …\n`);
  const timer = terminal ? setInterval(draw, 200) : undefined;
  const report = (text) => {
    progress = text.trim();
    if (terminal || Date.now() - lastReport < QUIET_REPORT_MS) return;
    lastReport = Date.now();
    process.stderr.write(`  ${name}  ${seconds(start)}  ${progress}\n`);
  };
  try {
    const result = await work(report);
    finish(`✓ ${name}  ${seconds(start)}`);
    return result;
  } catch (error) {
    finish(`✗ ${name}  ${seconds(start)}`);
    throw error;
  } finally {
    clearInterval(timer);
  }
}

/** Runs a script's main function; it returns the exit code. Only a failure that nobody foresaw is shown with a stack. */
export async function main(work) {
  try {
    process.exitCode = (await work()) ?? 0;
  } catch (error) {
    const foreseen = error instanceof StepError || error?.code?.startsWith('ERR_PARSE_ARGS');
    process.stderr.write(`\n${foreseen ? error.message : error?.stack}\n`);
    process.exitCode = 1;
  }
}

function finish(line) {
  process.stderr.write(`${terminal ? '\r\u001b[2K' : ''}${line}\n`);
}

function seconds(start) {
  return `${((Date.now() - start) / 1000).toFixed(1)} s`;
}

function indent(text) {
  return text.replace(/^/gm, '    ');
}
