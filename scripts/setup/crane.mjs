import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { again } from '../shell/again.mjs';
import { childEnvironment } from '../shell/environment.mjs';
import { findProgram, isProgram } from '../shell/find.mjs';
import { withLock } from '../shell/lock.mjs';
import { cacheFolder } from '../shell/paths.mjs';
import { run } from '../shell/run.mjs';
import { StepError, step } from '../shell/step.mjs';

/** Of the Go module, which test/conformance/crane.ts looks for. */
const VERSION = '0.20.3';

/**
 * Google's client of registries, which Debian does not package: built from its published module. Where there is no Go,
 * nothing is done, and its tests are listed as skipped.
 */
export async function crane() {
  const folder = join(cacheFolder(), `crane-${VERSION}`);
  if (findProgram('crane') || isProgram(join(folder, 'crane')) || !findProgram('go')) return;
  mkdirSync(cacheFolder(), { recursive: true });
  await step(`crane ${VERSION}`, (report) =>
    withLock(`${folder}.lock`, async () => {
      if (isProgram(join(folder, 'crane'))) return;
      const unfinished = `${folder}.unfinished`;
      rmSync(unfinished, { recursive: true, force: true });
      mkdirSync(unfinished);
      await install(unfinished, report);
      rmSync(folder, { recursive: true, force: true });
      renameSync(unfinished, folder);
    }),
  );
}

async function install(folder, report) {
  const env = { ...childEnvironment(), CGO_ENABLED: '0', GOWORK: 'off', GOBIN: folder };
  const module = `github.com/google/go-containerregistry/cmd/crane@v${VERSION}`;
  const { code, tail } = await again(() => run('go', ['install', '-trimpath', module], { env, onLine: report }), {
    report,
  });
  if (code === 0) return;
  throw new StepError('crane', {
    what: `go install ended with exit code ${code}`,
    output: tail,
    advice: 'Is the Go module proxy reachable? Or put crane on PATH, and run this again.',
  });
}
