import { Stack, stackExists } from './quickstart/stack.mjs';
import { setup } from './setup.mjs';
import { main } from './shell/step.mjs';

await main(async () => {
  if (!stackExists()) return console.log('There is nothing to destroy.');

  const { environment } = await setup();
  const stack = new Stack(environment);
  await stack.prepare();
  const { code, interrupted } = await stack.showStack(['destroy', '--yes', '--skip-preview', '--remove']);
  if (interrupted) return 130;
  if (code !== 0) return code;
  console.log('The machine, its port and its state are gone; what was downloaded stays in the cache.');
});
