import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { root } from '../shell/paths.mjs';

/** Compiles the provider as its sources are now, and returns what requires its modules and dependencies by name. */
export function compiledProvider() {
  const require = createRequire(join(root, 'provider', 'package.json'));
  const tsc = spawnSync(process.execPath, [require.resolve('typescript/bin/tsc'), '-b', 'provider'], {
    cwd: root,
    stdio: 'inherit',
  });
  if (tsc.status !== 0) process.exit(1);
  return require;
}
