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
  const measured = rows();
  console.log(timeTable(measured.filter(({ oursSeconds }) => oursSeconds !== undefined)));
  const memory = measured.filter(({ megabytes }) => megabytes !== undefined);
  if (memory.length > 0) console.log(`\n${memoryTable(memory)}`);
  const blocks = measured.filter((row) => row.blocks !== undefined);
  if (blocks.length > 0) console.log(`\n${blockTable(blocks)}`);
  const sizes = measured.filter(({ kilobytes }) => kilobytes !== undefined);
  if (sizes.length > 0) console.log(`\n${sizeTable(sizes)}`);
  return code;
});

function rows() {
  try {
    return readFileSync(report, 'utf8').trim().split('\n').map(JSON.parse);
  } catch {
    return [];
  }
}

function timeTable(measured) {
  const header = ['what', 'seconds', 'CPU', 'compared with', 'seconds', 'ratio', 'difference', 'goal'];
  const body = measured.map(({ name, oursSeconds, cpuSeconds, reference, goalSeconds, goalTotalSeconds }) => {
    const difference = oursSeconds - (reference?.seconds ?? 0);
    const goal = goalTotalSeconds ?? goalSeconds;
    const got = goalTotalSeconds === undefined ? difference : oursSeconds;
    return [
      name,
      oursSeconds.toFixed(2),
      cpuSeconds?.toFixed(2) ?? '',
      reference?.name ?? '',
      reference?.seconds.toFixed(2) ?? '',
      reference ? (oursSeconds / reference.seconds).toFixed(2) : '',
      reference ? `${difference < 0 ? '−' : '+'}${Math.abs(difference).toFixed(2)}` : '',
      goal === undefined ? '' : `≤ ${goal.toFixed(2)} ${got <= goal ? 'met' : 'MISSED'}`,
    ];
  });
  return table(header, body);
}

function memoryTable(measured) {
  const header = ['what', 'most MB', 'compared with', 'MB', 'goal'];
  const body = measured.map(({ name, megabytes, reference, goalMegabytes }) => [
    name,
    megabytes.toFixed(0),
    reference?.name ?? '',
    reference?.megabytes.toFixed(0) ?? '',
    goalMegabytes === undefined ? '' : `≤ ${goalMegabytes} ${megabytes <= goalMegabytes ? 'met' : 'MISSED'}`,
  ]);
  return table(header, body);
}

function blockTable(measured) {
  const header = ['what', 'blocks that differ', 'of', 'goal', 'where they lie'];
  const body = measured.map(({ name, blocks, of, goal, places }) => [
    name,
    `${blocks}`,
    `${of}`,
    `≤ ${goal} ${blocks <= goal ? 'met' : 'MISSED'}`,
    Object.entries(places)
      .map(([place, count]) => `${place} ${count}`)
      .join(', '),
  ]);
  return table(header, body);
}

function sizeTable(measured) {
  const header = ['what', 'kB', 'goal'];
  const body = measured.map(({ name, kilobytes, goalKilobytes }) => [
    name,
    kilobytes.toFixed(1),
    goalKilobytes === undefined ? '' : `≤ ${goalKilobytes} ${kilobytes <= goalKilobytes ? 'met' : 'MISSED'}`,
  ]);
  return table(header, body);
}

/** As Markdown, so that it can go into docs/performance.md as it is. */
function table(header, body) {
  const widths = header.map((_, column) => Math.max(...[header, ...body].map((cells) => cells[column].length)));
  const line = (cells) => `| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`;
  return [line(header), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n');
}
