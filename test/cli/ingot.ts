import { spawn } from 'node:child_process';
import { join } from 'node:path';

export const PROGRAM = join(__dirname, '../../provider/bin/ingot.js');

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `ingot` as users do, in a folder, with nothing of this host's configuration but what is given. */
export function ingot(
  words: readonly string[],
  options: {
    readonly folder: string;
    readonly environment?: Readonly<Record<string, string>>;
    readonly input?: string;
  },
): Promise<Ended> {
  const { folder, environment = {}, input = '' } = options;
  const env = { PATH: process.env.PATH, HOME: folder, INGOT_CACHE: join(folder, '.cache'), ...environment };
  const child = spawn(process.execPath, [PROGRAM, ...words], { cwd: folder, env });
  let stdout = '';
  let stderr = '';
  // Characters, whole ones: a pipe may be read in the middle of one.
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk) => {
    stderr += chunk;
  });
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}
