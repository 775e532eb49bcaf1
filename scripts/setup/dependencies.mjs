import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { again } from '../shell/again.mjs';
import { outsideEnvironment } from '../shell/environment.mjs';
import { binFolder, root } from '../shell/paths.mjs';
import { run, tail } from '../shell/run.mjs';
import { StepError, step } from '../shell/step.mjs';

/** What node:zlib's zstd needs, and what package.json says. */
const WANTED = [22, 15];

/** Makes node_modules what package-lock.json says, and finds a Node that is new enough. */
export async function dependencies() {
  if (!areInstalled() || !hasNode()) await install();
  if (hasNode()) return;
  throw new StepError('Node', {
    what: `this is Node ${process.versions.node}, and its package for ${process.platform} ${process.arch} is not in node_modules`,
    advice: `Install Node ${WANTED.join('.')} or newer and run this again.`,
  });
}

async function install() {
  await step('npm ci', async (report) => {
    const install = () =>
      run('npm', ['ci', '--no-audit', '--no-fund'], { cwd: root, env: outsideEnvironment(), onLine: report });
    // A lock file that does not fit a package.json fits none the next time.
    const isFinal = (outcome) => outcome.code === 127 || /npm error code EUSAGE/.test(outcome.output);
    const { code, output } = await again(install, { isFinal, report });
    if (code === 0) return;
    throw new StepError('npm ci', {
      what: `npm ended with exit code ${code}`,
      output: reasonIn(output),
      advice: 'Is the npm registry reachable? After a change of a package.json run `npm install` first.',
    });
  });
}

/** What npm says was wrong: its errors, without the summary of its options that follows. */
function reasonIn(output) {
  const errors = output.split('\n').filter((line) => line.startsWith('npm error'));
  const usage = errors.findIndex((line) => line.endsWith('Usage:'));
  return (usage < 0 ? errors.slice(-20) : errors.slice(0, usage)).join('\n') || tail(output);
}

/**
 * Whether npm's record of what it installed agrees with the lock file. npm writes the record last, so an installation
 * that was interrupted has none. Packages for other systems are missing from it.
 */
function areInstalled() {
  const wanted = packagesOf('package-lock.json');
  const installed = packagesOf('node_modules/.package-lock.json');
  if (wanted === undefined || installed === undefined) return false;
  return Object.entries(wanted).every(([path, { version, optional, link }]) => {
    if (path === '' || (!path.includes('node_modules/') && !link)) return true;
    const there = installed[path];
    return there === undefined ? optional === true : there.version === version;
  });
}

function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(join(root, file), 'utf8')).packages;
  } catch {
    return undefined;
  }
}

function hasNode() {
  if (existsSync(join(binFolder, 'node'))) return true;
  const [major, minor] = process.versions.node.split('.').map(Number);
  return major > WANTED[0] || (major === WANTED[0] && minor >= WANTED[1]);
}
