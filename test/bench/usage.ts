import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { secondsOf } from './measure.js';

/** What a run took. */
export interface Usage {
  readonly seconds: number;
  /** Of all its threads, in the program and in the kernel: what another program on the machine changes little. */
  readonly cpuSeconds: number;
  readonly megabytes: number;
}

/** Loaded into the process before its own program: writes down, at its end, what it has used. */
const HOOK = `process.on('exit', () => require('node:fs').writeFileSync(process.env.USAGE_FILE,
  JSON.stringify(process.resourceUsage())));`;

/** What a Node program uses. Rejects where it fails. */
export async function usageOf(args: readonly string[], options: { readonly folder: string }): Promise<Usage> {
  const { folder } = options;
  const [hook, report] = [join(folder, 'usage.cjs'), join(folder, 'usage')];
  await writeFile(hook, HOOK);
  const seconds = await secondsOf(process.execPath, ['--require', hook, ...args], {
    cwd: folder,
    env: { ...process.env, USAGE_FILE: report },
  });
  const used = JSON.parse(await readFile(report, 'utf8')) as NodeJS.ResourceUsage;
  await rm(report);
  const cpuSeconds = (used.userCPUTime + used.systemCPUTime) / 1e6;
  return { seconds, cpuSeconds, megabytes: (used.maxRSS * 1024) / 1e6 };
}
