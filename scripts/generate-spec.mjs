// Writes what is derived from the zod schemas of the spec: the SDK's input type, the reference page, and the JSON
// Schema for editors. `npm test` fails where the committed files differ from what this would write.
//
//   node scripts/generate-spec.mjs

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compiledProvider } from './setup/compiled-provider.mjs';
import { root } from './shell/paths.mjs';
import { outputs } from './spec/outputs.mjs';

const require = compiledProvider();
const { Spec } = require('./dist/model/spec.js');
const { toJSONSchema } = require('zod');

for (const [path, text] of Object.entries(outputs(toJSONSchema(Spec, { io: 'input' })))) {
  writeFileSync(join(root, path), text);
  console.log(`wrote ${path}`);
}
