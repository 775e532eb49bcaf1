import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { again } from '../shell/again.mjs';
import { childEnvironment } from '../shell/environment.mjs';
import { isProgram } from '../shell/find.mjs';
import { withLock } from '../shell/lock.mjs';
import { cacheFolder } from '../shell/paths.mjs';
import { run } from '../shell/run.mjs';
import { StepError, step } from '../shell/step.mjs';
import { aptInstall, canInstall } from './apt.mjs';

/** Of the Python package, which test/conformance/spdx-tools.ts looks for. */
const VERSION = '0.8.5';

/** The reader and judge of SPDX documents by the makers of SPDX: a Python package, in an environment of its own. */
export async function spdxTools() {
  const folder = join(cacheFolder(), `spdx-tools-${VERSION}`);
  if (isProgram(join(folder, 'bin/pyspdxtools'))) return;
  mkdirSync(cacheFolder(), { recursive: true });
  await step(`spdx-tools ${VERSION}`, (report) =>
    withLock(`${folder}.lock`, async () => {
      if (isProgram(join(folder, 'bin/pyspdxtools'))) return;
      // What an interrupted run left. It cannot be made elsewhere and moved: its programs know where they lie.
      rmSync(folder, { recursive: true, force: true });
      await makeEnvironment(folder, report);
      const pip = ['-m', 'pip', 'install', '--disable-pip-version-check', '--quiet', `spdx-tools==${VERSION}`];
      await python(pip, { program: join(folder, 'bin/python'), report });
    }),
  );
}

async function makeEnvironment(folder, report) {
  const make = () => python(['-m', 'venv', folder], { program: 'python3', report });
  // Debian's Python comes without what makes environments.
  if (!canInstall()) return make();
  return make().catch(async () => {
    await aptInstall(['python3-venv']);
    rmSync(folder, { recursive: true, force: true });
    return make();
  });
}

async function python(args, { program, report }) {
  const { code, tail } = await again(() => run(program, args, { env: childEnvironment(), onLine: report }), {
    isFinal: (outcome) => outcome.code === 127 || !args.includes('pip'),
    report,
  });
  if (code === 0) return;
  throw new StepError('spdx-tools', {
    what: `${program} ${args.slice(0, 2).join(' ')} ended with exit code ${code}`,
    output: tail,
    advice: 'Is there a Python 3 with venv (apt install python3-venv), and is its package index reachable?',
  });
}
