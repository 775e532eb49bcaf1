// Writes the reference in docs/cli.md from the commands as they are declared. `npm test` fails where the committed page
// differs from what this would write.
//
//   node scripts/generate-cli.mjs

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compiledProvider } from './setup/compiled-provider.mjs';
import { root } from './shell/paths.mjs';

const require = compiledProvider();
const { newProgram } = require('./dist/cli/program.js');
const { withReference } = require('./dist/cli/reference.js');

const path = join(root, 'docs/cli.md');
writeFileSync(path, withReference(readFileSync(path, 'utf8'), newProgram('')));
console.log('wrote docs/cli.md');
