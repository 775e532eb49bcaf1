import { join } from 'node:path';
import { compile } from '../setup/build.mjs';
import { binFolder, root } from '../shell/paths.mjs';
import { run } from '../shell/run.mjs';

/** What a program can say about the sources without running them; each counts as a test. In this order. */
export const CHECKS = [
  {
    name: 'format and lint (biome)',
    advice: '`npm run format` mends what can be mended.',
    check: program('biome', ['check', '--colors=off']),
  },
  // Compiles as well, so what the tests start is what the sources say.
  { name: 'types (tsc)', advice: '', check: () => compile() },
  { name: 'import rules (dependency-cruiser)', advice: '', check: program('depcruise', ['provider/src', 'sdk/src']) },
];

function program(name, args) {
  return ({ environment }) => run(join(binFolder, name), args, { cwd: root, env: environment });
}
