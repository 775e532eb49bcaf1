import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { childEnvironment } from '../shell/environment.mjs';
import { binFolder, root, workFolder } from '../shell/paths.mjs';
import { run } from '../shell/run.mjs';
import { StepError, step } from '../shell/step.mjs';

const PACKAGES = ['provider', 'sdk'];
const SETTINGS = ['tsconfig.base.json', 'node_modules/typescript/package.json'];
const stamp = join(workFolder, 'build');

/** Compiles the packages where their sources have changed since the last time. */
export async function build() {
  if (isBuilt()) return;
  await step('tsc -b', async () => {
    const { code, output } = await compile(PACKAGES);
    if (code !== 0) {
      throw new StepError('tsc -b', {
        what: 'the sources do not compile',
        output,
        advice: 'Correct them and run this again.',
      });
    }
  });
}

/** Runs the compiler over some projects (all, if none is named) and removes what has lost its source. */
export async function compile(projects = []) {
  for (const name of PACKAGES) removeOrphans(join(root, name));
  const before = fingerprint();
  // Until it is done, also if it is interrupted: sources may become again what they were the last time.
  rmSync(stamp, { force: true });
  const result = await run(join(binFolder, 'tsc'), ['-b', '--pretty', 'false', ...projects], {
    cwd: root,
    env: childEnvironment(),
  });
  mkdirSync(workFolder, { recursive: true });
  if (result.code === 0) writeFileSync(stamp, before);
  return result;
}

function isBuilt() {
  try {
    return (
      readFileSync(stamp, 'utf8') === fingerprint() &&
      PACKAGES.every((name) => existsSync(join(root, name, 'dist/index.js')))
    );
  } catch {
    return false;
  }
}

/** Changes whenever a source is added, removed, touched or resized. Reads no file. */
function fingerprint() {
  const files = [...SETTINGS, ...PACKAGES.flatMap((name) => [`${name}/tsconfig.json`, ...sourcesOf(join(root, name))])];
  const hash = createHash('sha256');
  for (const file of files.sort()) {
    const { mtimeMs, size } = statSync(join(root, file));
    hash.update(`${file}\0${mtimeMs}\0${size}\n`);
  }
  return hash.digest('hex');
}

function sourcesOf(folder) {
  return list(join(folder, 'src'))
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .map((file) => relative(root, file));
}

/** The compiler leaves the output of a source that was moved or removed, and `npm pack` would ship it. */
function removeOrphans(folder) {
  const [source, output] = [join(folder, 'src'), join(folder, 'dist')];
  for (const file of list(output)) {
    const name = relative(output, file).replace(/(\.d\.ts|\.js)$/, '');
    if (/\.(d\.ts|js)$/.test(file) && !existsSync(join(source, `${name}.ts`))) {
      rmSync(file, { force: true });
      // Otherwise an incremental run would not write it again when its source comes back.
      rmSync(join(output, '.tsbuildinfo'), { force: true });
    }
  }
}

function list(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}${sep}${entry.name}`;
    return entry.isDirectory() ? list(path) : [path];
  });
}
