import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { childEnvironment } from '../shell/environment.mjs';
import { root } from '../shell/paths.mjs';
import { run } from '../shell/run.mjs';

/** Of the npm package `pulumi`, which runs the official installer for the engine of the same version. */
export const INSTALLER_VERSION = '3.265.0';

/**
 * A network that drops packets answers nothing: without a new byte for this long the installer is given up. The last
 * thing it does is to start the engine, which is silent for two seconds, and for longer on a host under load.
 */
const SILENCE_SECONDS = 60;
const LIMIT_MS = 10 * 60_000;

/**
 * Puts an engine into `folder`/bin with the official installer. Returns undefined, or, where the installer cannot be
 * had or fails, the last lines of what it said.
 */
export async function runInstaller(folder, report) {
  const [home, temporary] = [`${folder}-home`, `${folder}-temporary`];
  for (const made of [home, temporary]) {
    rmSync(made, { recursive: true, force: true });
    mkdirSync(made, { recursive: true });
  }
  report('asking the official installer');
  const size = watchSize([home, temporary]);
  const { code, tail, ended } = await run(
    'npm',
    ['exec', '--yes', `--package=pulumi@${INSTALLER_VERSION}`, '--', 'pulumi', 'version'],
    {
      cwd: temporary,
      env: { ...childEnvironment(), PULUMI_HOME: home, TMPDIR: temporary, PULUMI_VERSION: INSTALLER_VERSION },
      onLine: report,
      timeoutMs: LIMIT_MS,
      isIdle: (silentSeconds) => size.idleSeconds(silentSeconds) >= SILENCE_SECONDS,
    },
  );
  const installed = join(home, 'versions', INSTALLER_VERSION);
  if (code !== 0 || !existsSync(join(installed, 'bin/pulumi'))) {
    return ended === undefined ? tail : `${tail}\nno answer for ${SILENCE_SECONDS} s`.trim();
  }
  renameSync(installed, folder);
  addDynamicProvider(folder);
  return undefined;
}

/** Copies the host of dynamic resources beside an engine that has none of its own. */
export function addDynamicProvider(folder) {
  const name = 'pulumi-resource-pulumi-nodejs';
  const target = join(folder, 'bin', name);
  if (existsSync(target)) return;
  copyFileSync(join(root, 'node_modules/@pulumi/pulumi', name), target);
  chmodSync(target, 0o755);
}

/** A download that prints nothing still grows. */
function watchSize(folders) {
  let last = 0;
  let since = Date.now();
  return {
    idleSeconds(silentSeconds) {
      const now = folders.reduce((sum, folder) => sum + sizeOf(folder), 0);
      if (now !== last) [last, since] = [now, Date.now()];
      return Math.min(silentSeconds, (Date.now() - since) / 1000);
    },
  };
}

function sizeOf(path) {
  try {
    const found = statSync(path);
    if (!found.isDirectory()) return found.size;
    return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
  } catch {
    return 0;
  }
}
