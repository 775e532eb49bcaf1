// Writes the reference in docs/cli.md from the commands as they are declared. `npm test` fails where the committed page
// differs from what this would write.
//
//   node scripts/generate-cli.mjs

import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const require = createRequire(join(root, 'provider', 'package.json'));

const tsc = spawnSync(process.execPath, [require.resolve('typescript/bin/tsc'), '-b', 'provider'], {
  cwd: root,
  stdio: 'inherit',
});
if (tsc.status !== 0) process.exit(1);
const { newProgram } = require('./dist/cli/program.js');
const { withReference } = require('./dist/cli/reference.js');

const path = join(root, 'docs/cli.md');
writeFileSync(path, withReference(readFileSync(path, 'utf8'), newProgram('')));
console.log('wrote docs/cli.md');
