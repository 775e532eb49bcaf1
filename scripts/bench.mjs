import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { root, workFolder } from './shell/paths.mjs';
import { main } from './shell/step.mjs';
import { vitest } from './test/long-run.mjs';

const report = join(workFolder, 'bench.jsonl');

/** `npm run bench [-- FILTER]`: medians of interleaved runs, as one table. Times depend on the machine; ratios less. */
await main(async () => {
  mkdirSync(workFolder, { recursive: true });
  rmSync(report, { force: true });
  const config = ['--config', join(root, 'test/bench/vitest.config.mts'), '--root', root];
  const code = await vitest([...config, ...process.argv.slice(2)], { INGOT_BENCH_REPORT: report });
  const [{ model } = { model: 'unknown processor' }] = cpus();
  console.log(
    `\n${cpus().length} × ${model}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform} ${release()}\n`,
  );
  console.log(table(rows()));
  return code;
});

function rows() {
  try {
    return readFileSync(report, 'utf8').trim().split('\n').map(JSON.parse);
  } catch {
    return [];
  }
}

/** As Markdown, so that it can go into docs/performance.md as it is. */
function table(measured) {
  const header = ['what', 'seconds', 'compared with', 'seconds', 'ratio', 'difference', 'goal'];
  const body = measured.map(({ name, oursSeconds, reference, goalSeconds }) => {
    const difference = oursSeconds - (reference?.seconds ?? 0);
    return [
      name,
      oursSeconds.toFixed(2),
      reference?.name ?? '',
      reference?.seconds.toFixed(2) ?? '',
      reference ? (oursSeconds / reference.seconds).toFixed(2) : '',
      reference ? `${difference < 0 ? '−' : '+'}${Math.abs(difference).toFixed(2)}` : '',
      goalSeconds === undefined ? '' : `≤ ${goalSeconds.toFixed(2)} ${difference <= goalSeconds ? 'met' : 'MISSED'}`,
    ];
  });
  const widths = header.map((_, column) => Math.max(...[header, ...body].map((cells) => cells[column].length)));
  const line = (cells) => `| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`;
  return [line(header), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n');
}
