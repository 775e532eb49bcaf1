import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { median } from './measure.js';

const RUNS = 5;

/** A process that does one check, and prints the most CPU time in ms between two turns of its event loop. */
const PROGRAM = `
const provider = process.argv[1];
let longest = 0;
let last = process.threadCpuUsage();
const turn = () => {
  const { user, system } = process.threadCpuUsage(last);
  longest = Math.max(longest, user + system);
  last = process.threadCpuUsage();
  going = setImmediate(turn);
};
let going = setImmediate(turn);
(async () => {
  await new Promise((resolve) => setTimeout(resolve, 50));
  longest = 0;
  const { check } = require(provider);
  const inputs = { spec: process.argv[2], __type: 'Image', __urn: 'urn:pulumi:a::b::c::d', __secret: false };
  const { failures } = await check({}, inputs);
  if (failures) throw new Error(JSON.stringify(failures));
  clearImmediate(going);
  console.log(longest / 1e6);
  process.exit(0);
})();
`;

/**
 * The longest that the check of an image, in a process that has loaded nothing yet, keeps other calls waiting, in CPU
 * seconds of its thread; the median of five.
 */
export async function longestStretchSeconds(folder: string, spec: string): Promise<number> {
  const provider = createRequire(join(folder, 'index.js')).resolve('pulumi-ingot/provider');
  const found: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', PROGRAM, provider, spec], { cwd: folder });
    found.push(Number(stdout));
  }
  return median(found);
}
