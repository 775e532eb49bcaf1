import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { secondsOf } from './measure.js';

/** Loaded into the process before its own program: writes down, at its end, the most memory that it had. */
const HOOK = `process.on('exit', () => require('node:fs').writeFileSync(process.env.PEAK_MEMORY_FILE,
  String(process.resourceUsage().maxRSS * 1024)));`;

/** Bytes of memory that a Node program had at the most (its resident set). Rejects where it fails. */
export async function peakMemoryOf(
  args: readonly string[],
  options: { readonly folder: string; readonly env?: NodeJS.ProcessEnv },
): Promise<number> {
  const { folder, env = process.env } = options;
  const [hook, report] = [join(folder, 'peak-memory.cjs'), join(folder, 'peak-memory')];
  await writeFile(hook, HOOK);
  await secondsOf(process.execPath, ['--require', hook, ...args], {
    cwd: folder,
    env: { ...env, PEAK_MEMORY_FILE: report },
  });
  const bytes = Number(await readFile(report, 'utf8'));
  await rm(report);
  return bytes;
}
