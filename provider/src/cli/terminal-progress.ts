import type { Progress } from '../model/progress.js';

const REDRAW_EVERY_MS = 100;
const BAR_WIDTH = 24;

/** One line on a terminal, redrawn in place and removed at the end; where there is no terminal, warnings alone. */
export function terminalProgress(stream: NodeJS.WriteStream): { progress: Progress; done: () => void } {
  const warned = new Set<string>();
  let last = 0;
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
      const now = performance.now();
      if (!stream.isTTY || now - last < REDRAW_EVERY_MS) return;
      last = now;
      drawn = true;
      const text = done === undefined || !total ? step : `${bar(done / total)} ${step}`;
      stream.write(`\r\x1b[2K${text.slice(0, stream.columns - 1)}`);
    },
    done: clear,
  };
}

function bar(part: number): string {
  const filled = Math.round(Math.min(Math.max(part, 0), 1) * BAR_WIDTH);
  return `${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)} ${String(Math.floor(part * 100)).padStart(3)} %`;
}
