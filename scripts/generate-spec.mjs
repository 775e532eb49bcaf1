// Writes what is derived from the zod schemas of the spec: the SDK's input type, the reference page, and the JSON
// Schema for editors. `npm test` fails where the committed files differ from what this would write.
//
//   node scripts/generate-spec.mjs

import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { outputs } from './spec/outputs.mjs';

const root = join(import.meta.dirname, '..');
const require = createRequire(join(root, 'provider', 'package.json'));

const tsc = spawnSync(process.execPath, [require.resolve('typescript/bin/tsc'), '-b', 'provider'], {
  cwd: root,
  stdio: 'inherit',
});
if (tsc.status !== 0) process.exit(1);
const { Spec } = require('./dist/model/spec.js');
const { toJSONSchema } = require('zod');

for (const [path, text] of Object.entries(outputs(toJSONSchema(Spec, { io: 'input' })))) {
  writeFileSync(join(root, path), text);
  console.log(`wrote ${path}`);
}
