import { parseArgs } from 'node:util';
import { Stack } from './quickstart/stack.mjs';
import { setup } from './setup.mjs';
import { main, StepError } from './shell/step.mjs';

const USAGE = `npm start [-- --port PORT]

Sets up what is missing, shows what would change, then builds the image and boots the machine.
  --port PORT   port on this host that the machine answers at; remembered (default: 8080)`;

await main(async () => {
  const values = given();
  if (values.help) return console.log(USAGE);
  if (values.port !== undefined && !isPort(values.port)) {
    throw new StepError('npm start', { what: `--port ${values.port} is no port: wanted a number from 1 to 65535` });
  }

  const { environment } = await setup();
  const stack = new Stack(environment);
  await stack.prepare();
  if (values.port !== undefined) await stack.setConfig('port', values.port);

  for (const command of [
    ['preview', '--diff'],
    ['up', '--yes', '--skip-preview', '--refresh'],
  ]) {
    const { code, interrupted } = await stack.showStack(command);
    if (interrupted) return 130;
    if (code !== 0) return code;
  }

  const changed = Object.keys(await stack.lastChanges()).some((kind) => kind !== 'same');
  console.log(changed ? 'The machine is healthy, and answers at:' : 'Nothing has changed. The machine answers at:');
  console.log(await stack.output('url'));
});

function given() {
  try {
    return parseArgs({ options: { port: { type: 'string' }, help: { type: 'boolean', short: 'h' } } }).values;
  } catch (error) {
    throw new StepError('npm start', { what: error.message, advice: USAGE });
  }
}

function isPort(text) {
  return /^[1-9][0-9]{0,4}$/.test(text) && Number(text) <= 65535;
}
