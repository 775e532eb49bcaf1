import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { again } from '../shell/again.mjs';
import { childEnvironment } from '../shell/environment.mjs';
import { findProgram } from '../shell/find.mjs';
import { run } from '../shell/run.mjs';
import { StepError } from '../shell/step.mjs';
import { addDynamicProvider } from './engine-installer.mjs';

/** The last release of the command line that its published Go modules build. */
export const MODULES_VERSION = '3.259.0';
/** The last release that has the host of Node programs inside a published module; it runs programs under 3.259. */
const LANGUAGE_HOST_VERSION = '3.68.0';
const MINIMUM_GO = [1, 25];
/** Modules, build cache and link step of both programs, measured: 3.5 GB. */
const WANTED_BYTES = 4e9;

const PARTS = [
  {
    program: 'pulumi',
    package: 'github.com/pulumi/pulumi/pkg/v3/cmd/pulumi',
    version: MODULES_VERSION,
    requirements: [`github.com/pulumi/pulumi/sdk/v3@v${MODULES_VERSION}`],
    // The module replaces this one by a fork; a replacement counts only in the main module.
    goMod: 'replace github.com/atotto/clipboard => github.com/tgummerer/clipboard v0.0.0-20241001131231-d02d263e614e\n',
    tags: 'osusergo grpcnotrace',
  },
  {
    program: 'pulumi-language-nodejs',
    package: 'github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs',
    version: LANGUAGE_HOST_VERSION,
    requirements: [],
    goMod: '',
    tags: '',
  },
];

/**
 * Builds an engine into `folder`/bin. Takes 3 to 6 minutes on two cores, under a minute with a warm Go cache.
 * `installerFailure` is why the official installer could not be used.
 */
export async function buildFromModules(folder, { report, installerFailure }) {
  const problem = await goProblem();
  if (problem !== undefined) throw withoutGo(problem, installerFailure);
  requireSpace(dirname(folder));
  for (const part of PARTS) await buildPart(part, folder, report);
  addDynamicProvider(folder);
}

async function buildPart(part, folder, report) {
  const source = join(folder, `${part.program}-source`);
  mkdirSync(source, { recursive: true });
  writeFileSync(join(source, 'go.mod'), `module ingot.invalid/engine\n\ngo ${MINIMUM_GO.join('.')}\n\n${part.goMod}`);
  const go = (args, onLine = () => {}) => runGo(args, { cwd: source, onLine });

  report(`${part.program}: fetching its Go modules`);
  await go(['get', `${part.package}@v${part.version}`, ...part.requirements], (line) => report(line));

  const total = (await go(['list', '-deps', '-tags', part.tags, part.package])).output.trim().split('\n').length;
  let compiled = 0;
  const flags = `-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${part.version}`;
  const output = join(folder, 'bin', part.program);
  const args = ['build', '-v', '-trimpath', '-tags', part.tags, '-ldflags', flags, '-o', output, part.package];
  report(`${part.program}: compiling`);
  await go(args, () => {
    compiled++;
    report(`${part.program}: compiled ${compiled} of at most ${total} packages`);
  });
  rmSync(source, { recursive: true });
}

async function runGo(args, { cwd, onLine }) {
  const env = { ...childEnvironment(), CGO_ENABLED: '0', GOFLAGS: '-mod=mod', GOWORK: 'off', GOTMPDIR: cwd };
  // What has been fetched and compiled by then is not again.
  const result = await again(() => run('go', args, { cwd, env, onLine }), { report: onLine });
  if (result.code === 0) return result;
  throw new StepError('Pulumi engine', {
    what: `go ${args[0]} ended with exit code ${result.code}`,
    output: result.tail,
    advice: 'Is the Go module proxy reachable? Or install Pulumi with its official installer and run this again.',
  });
}

/** Why there is no Go here that an engine can be built with; undefined where there is one. */
export async function goProblem() {
  if (!findProgram('go')) return 'there is no Go to build it with';
  const { output } = await run('go', ['version'], { env: childEnvironment() });
  const [, major, minor] = /go(\d+)\.(\d+)/.exec(output) ?? [];
  const isOld = Number(major) === MINIMUM_GO[0] && Number(minor) < MINIMUM_GO[1];
  return isOld ? `Go ${major}.${minor} is too old to build it` : undefined;
}

function withoutGo(problem, installerFailure) {
  return new StepError('Pulumi engine', {
    what: `there is no pulumi 3.200 or newer on PATH, its official installer failed, and ${problem}`,
    output: installerFailure,
    advice: `Install Pulumi with its official installer, or Go ${MINIMUM_GO.join('.')} or newer to build it from source (apt install golang-1.25 or newer, dnf install golang, pacman -S go, brew install go, or the archive of the Go project), and run this again.`,
  });
}

function requireSpace(folder) {
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize >= WANTED_BYTES) return;
  throw new StepError('Pulumi engine', {
    what: `building it takes up to ${WANTED_BYTES / 1e9} GB, and ${folder} has ${((bavail * bsize) / 1e9).toFixed(1)} GB left`,
    advice: 'Make room, or install Pulumi with its official installer, and run this again.',
  });
}
