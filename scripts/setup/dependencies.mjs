import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { again } from '../shell/again.mjs';
import { outsideEnvironment } from '../shell/environment.mjs';
import { withLock } from '../shell/lock.mjs';
import { binFolder, root, workFolder } from '../shell/paths.mjs';
import { run, tail } from '../shell/run.mjs';
import { StepError, step } from '../shell/step.mjs';

/** What node:zlib's zstd needs, and what package.json says. */
const WANTED = [22, 15];
/** npm's record of what it has installed. It writes it last, so an installation that was interrupted has none. */
const RECORD = 'node_modules/.package-lock.json';

/** The exit code that stands for an installation that npm finds good, and that lacks something. */
const LEFT_OUT = -1;

/** Makes node_modules what package-lock.json says, and finds a Node that is new enough. */
export async function dependencies() {
  if (!isComplete()) await installOnce();
  if (hasNode()) return;
  throw new StepError('Node', {
    what: `this is Node ${process.versions.node}, and its package for ${process.platform} ${process.arch} is not in node_modules`,
    advice: `Install Node ${WANTED.join('.')} or newer and run this again.`,
  });
}

/** Two at a time would take each other's files away. */
async function installOnce() {
  mkdirSync(workFolder, { recursive: true });
  await withLock(join(workFolder, 'npm.lock'), async () => {
    if (!isComplete()) await install();
  });
}

async function install() {
  await step('npm ci', async (report) => {
    const install = async () => {
      // npm takes it away among the first, but not as the first.
      rmSync(join(root, RECORD), { force: true });
      const options = { cwd: root, env: outsideEnvironment(), onLine: report };
      const outcome = await run('npm', ['ci', '--no-audit', '--no-fund'], options);
      return outcome.code === 0 && leftOut().length > 0 ? { ...outcome, code: LEFT_OUT } : outcome;
    };
    // A lock file that does not fit a package.json fits none the next time.
    const isFinal = (outcome) => outcome.code === 127 || /npm error code EUSAGE/.test(outcome.output);
    const { code, output } = await again(install, { isFinal, report });
    // An old Node is a reason to leave something out as well, and not all of it is needed for everything.
    if (code === 0 || code === LEFT_OUT) return;
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

function isComplete() {
  return areInstalled() && hasNode();
}

/** Whether npm's record agrees with the lock file. Packages for other systems are missing from it. */
function areInstalled() {
  const wanted = packagesOf('package-lock.json');
  const installed = packagesOf(RECORD);
  if (wanted === undefined || installed === undefined) return false;
  return Object.entries(wanted).every(([path, { version, optional, link }]) => {
    if (path === '' || (!path.includes('node_modules/') && !link)) return true;
    const there = installed[path];
    return there === undefined ? optional === true : there.version === version;
  });
}

function leftOut() {
  return leftOutOf(packagesOf('package-lock.json') ?? {}, packagesOf(RECORD) ?? {});
}

/**
 * Optional packages for this very system that are not installed: npm leaves out what it could not fetch, and says
 * nothing. The project's own Node is one of them, and so are the programs in @biomejs and @rolldown.
 */
export function leftOutOf(wanted, installed, { platform, arch } = process) {
  const libc = existsSync('/etc/alpine-release') ? 'musl' : 'glibc';
  return Object.entries(wanted)
    .filter(([, { os, cpu }]) => os?.includes(platform) && cpu?.includes(arch))
    .filter(([path, { optional, libc: one }]) => optional && (one?.includes(libc) ?? true) && !installed[path])
    .map(([path]) => path);
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
