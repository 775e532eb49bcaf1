import { Stack } from './quickstart/stack.mjs';
import { setup } from './setup.mjs';
import { main } from './shell/step.mjs';

/** `npm run pulumi -- ARGUMENTS`: the engine, on the quickstart's own backend. */
await main(async () => {
  const { environment } = await setup();
  const stack = new Stack(environment);
  await stack.prepare();
  const { code } = await stack.show(process.argv.slice(2));
  return code;
});
