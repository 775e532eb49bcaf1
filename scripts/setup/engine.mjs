import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { again } from '../shell/again.mjs';
import { childEnvironment } from '../shell/environment.mjs';
import { findProgram, isProgram } from '../shell/find.mjs';
import { isAlive, withLock } from '../shell/lock.mjs';
import { cacheFolder, workFolder } from '../shell/paths.mjs';
import { run } from '../shell/run.mjs';
import { StepError, step } from '../shell/step.mjs';
import { INSTALLER_VERSION, runInstaller } from './engine-installer.mjs';
import { buildFromModules, goProblem, MODULES_VERSION } from './engine-modules.mjs';

const MINIMUM = [3, 200];
/** It takes two seconds, on a host at rest. */
const VERSION_LIMIT_MS = 3 * 60_000;
/** The engine, the host of Node programs, and the host of dynamic resources. */
const PROGRAMS = ['pulumi', 'pulumi-language-nodejs', 'pulumi-resource-pulumi-nodejs'];

/**
 * The folder that must be on PATH for `pulumi` to work, or undefined if it is there already. An engine is looked for
 * on PATH, then in the user's cache; then the official installer is asked, then one is built from its Go modules.
 */
export async function engine() {
  if (await isOnPath()) return undefined;
  const folder = join(cacheFolder(), 'pulumi');
  return cached(folder) ?? (await install(folder));
}

async function isOnPath() {
  const pulumi = findProgram('pulumi');
  if (pulumi === undefined) return false;
  const path = `${dirname(pulumi)}:${process.env.PATH}`;
  if (!PROGRAMS.every((name) => findProgram(name, path))) return false;
  const [major, minor] = (await versionOf(pulumi)).split('.').map(Number);
  return major > MINIMUM[0] || (major === MINIMUM[0] && minor >= MINIMUM[1]);
}

/** The version a program says it has, remembered as long as the file is the same: asking costs up to two seconds. */
async function versionOf(pulumi) {
  const memory = join(workFolder, 'engine.json');
  const { mtimeMs, size } = statSync(pulumi);
  try {
    const known = JSON.parse(readFileSync(memory, 'utf8'));
    if (known.path === pulumi && known.mtimeMs === mtimeMs && known.size === size) return known.version;
  } catch {
    // Not asked before.
  }
  const { output } = await run(pulumi, ['version'], { env: quiet(), timeoutMs: VERSION_LIMIT_MS });
  const version = /^v?(\d+\.\d+\.\d+)/m.exec(output)?.[1];
  // One that was too busy to say it is asked again the next time.
  if (version === undefined) return '0.0.0';
  mkdirSync(workFolder, { recursive: true });
  writeFileSync(memory, JSON.stringify({ path: pulumi, mtimeMs, size, version }));
  return version;
}

function cached(folder) {
  return [INSTALLER_VERSION, MODULES_VERSION].map((version) => join(folder, version, 'bin')).find(isComplete);
}

function isComplete(bin) {
  return PROGRAMS.every((name) => isProgram(join(bin, name)));
}

async function install(folder) {
  mkdirSync(folder, { recursive: true });
  return step('Pulumi engine', (report) =>
    withLock(
      join(folder, '.lock'),
      async () => {
        const already = cached(folder);
        if (already !== undefined) return already;
        removeLeftovers(folder);
        const work = mkdtempSync(join(folder, `.building-${process.pid}-`));
        try {
          const failure = await askInstaller(join(work, 'installer'), report);
          if (failure === undefined) return await keep(join(work, 'installer'), join(folder, INSTALLER_VERSION));
          await buildFromModules(join(work, 'modules'), { report, installerFailure: failure });
          return await keep(join(work, 'modules'), join(folder, MODULES_VERSION));
        } finally {
          removeFolder(work);
        }
      },
      { onWait: (pid) => report(`waiting for another set-up (process ${pid})`) },
    ),
  );
}

/** Three times where there is no Go to build one with instead: a network may fail for a moment. */
async function askInstaller(folder, report) {
  const canBuild = (await goProblem()) === undefined;
  const ask = async () => {
    const failure = await runInstaller(folder, report);
    return { code: failure === undefined ? 0 : 1, failure };
  };
  return (await again(ask, { isFinal: () => canBuild, report })).failure;
}

/** Tries an engine, and puts it in place in one piece. Returns its folder of programs. */
async function keep(from, to) {
  const { code, tail } = await run(join(from, 'bin/pulumi'), ['version'], {
    env: quiet(),
    timeoutMs: VERSION_LIMIT_MS,
  });
  if (code !== 0 || !isComplete(join(from, 'bin'))) {
    throw new StepError('Pulumi engine', { what: 'the new engine does not run', output: tail });
  }
  removeFolder(to);
  renameSync(from, to);
  return join(to, 'bin');
}

/** Of set-ups that were killed. */
function removeLeftovers(folder) {
  for (const name of readdirSync(folder)) {
    const pid = /^\.building-(\d+)-/.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) removeFolder(join(folder, name));
  }
}

function removeFolder(folder) {
  rmSync(folder, { recursive: true, force: true });
}

function quiet() {
  return { ...childEnvironment(), PULUMI_SKIP_UPDATE_CHECK: 'true' };
}
