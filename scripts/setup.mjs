import { pathToFileURL } from 'node:url';
import { build } from './setup/build.mjs';
import { dependencies } from './setup/dependencies.mjs';
import { engine } from './setup/engine.mjs';
import { testTools } from './setup/test-tools.mjs';
import { tools } from './setup/tools.mjs';
import { childEnvironment } from './shell/environment.mjs';
import { main } from './shell/step.mjs';

/**
 * Installs and builds whatever is missing; prints nothing if nothing is. Safe to repeat and to interrupt.
 * @param purpose 'start' for what running a machine needs, 'test' for what the tests need too
 * @param compile whether to compile the packages
 * @returns the environment in which the project's programs and `pulumi` are found
 */
export async function setup({ purpose = 'start', compile = true } = {}) {
  await dependencies();
  if (compile) await build();
  const folder = await engine();
  await (purpose === 'test' ? testTools() : tools(purpose));
  return { environment: childEnvironment({ first: folder === undefined ? [] : [folder] }) };
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main(async () => {
    await setup({ purpose: 'test' });
    process.stderr.write('Everything is set up.\n');
  });
}
