import type { Progress } from '../model/progress.js';

const REDRAW_EVERY_MS = 100;
const BAR_WIDTH = 24;
/** What is taken for the width of a terminal that does not say its own: Node says 0 or nothing then. */
const USUAL_COLUMNS = 80;

/** One line on a terminal, redrawn in place and removed at the end; where there is no terminal, warnings alone. */
export function terminalProgress(stream: NodeJS.WriteStream): { progress: Progress; done: () => void } {
  const warned = new Set<string>();
  // Nothing has been drawn yet: a process that is younger than REDRAW_EVERY_MS draws its first line too.
  let lastMs = Number.NEGATIVE_INFINITY;
  let drawn = false;
  const clear = () => {
    if (drawn) stream.write('\r\x1b[2K');
    drawn = false;
  };
  return {
    progress: ({ step, done, total, warning }) => {
      if (warning !== undefined && !warned.has(warning)) {
        warned.add(warning);
        clear();
        stream.write(`warning: ${warning}\n`);
      }
      const nowMs = performance.now();
      if (!stream.isTTY || nowMs - lastMs < REDRAW_EVERY_MS) return;
      lastMs = nowMs;
      drawn = true;
      const text = done === undefined || !total ? step : `${bar(done / total)} ${step}`;
      stream.write(`\r\x1b[2K${text.slice(0, (stream.columns || USUAL_COLUMNS) - 1)}`);
    },
    done: clear,
  };
}

function bar(part: number): string {
  const filled = Math.round(Math.min(Math.max(part, 0), 1) * BAR_WIDTH);
  return `${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)} ${String(Math.floor(part * 100)).padStart(3)} %`;
}
