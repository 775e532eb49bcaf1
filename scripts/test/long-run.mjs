import { join } from 'node:path';
import { setup } from '../setup.mjs';
import { attach } from '../shell/attach.mjs';
import { binFolder, root } from '../shell/paths.mjs';

/** Runs Vitest on its own, after set-up. Resolves to its exit code. */
export async function vitest(args, extra) {
  const { environment } = await setup({ purpose: 'test' });
  const env = { ...environment, ...extra };
  const { code } = await attach(join(binFolder, 'vitest'), ['run', ...args], { cwd: root, env });
  return code;
}
