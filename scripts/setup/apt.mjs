import { again } from '../shell/again.mjs';
import { findProgram } from '../shell/find.mjs';
import { run } from '../shell/run.mjs';
import { StepError, step } from '../shell/step.mjs';

const COMMAND = 'apt-get install -y --no-install-recommends';
const KEEP_CONFIGURATION = ['--force-confdef', '--force-confold'];
const OPTIONS = [
  ...['-q', '-o', 'DPkg::Lock::Timeout=300', '-o', 'Acquire::Retries=3'],
  ...KEEP_CONFIGURATION.flatMap((option) => ['-o', `Dpkg::Options::=${option}`]),
];

/** Only for dpkg's own lock does apt wait by itself; a machine that has just started fetches its lists on its own. */
const LOCKED = /^E: (Could not get lock|Unable to (lock|acquire))/m;
const LOCK_PAUSE_MS = 3_000;
const LOCK_PATIENCE_MS = 15 * 60_000;
/** By a set-up that was killed, or a machine that lost its power. */
const INTERRUPTED = /dpkg was interrupted/;

/** Whether packages can be installed without a question: as root, on Debian and its kin. */
export function canInstall() {
  return process.getuid?.() === 0 && findProgram('apt-get') !== undefined;
}

/** Installs packages, with the lists of what there is brought up to date where that is needed. */
export function aptInstall(packages) {
  return step(`apt-get install ${packages.join(' ')}`, async (report) => {
    const { code, tail } = await installOutcome(packages, { report });
    if (code === 0) return;
    throw new StepError('apt-get install', {
      what: `apt-get ended with exit code ${code}`,
      output: tail,
      advice: `Correct this, or run: apt-get update && ${COMMAND} ${packages.join(' ')}`,
    });
  });
}

/** The same without a step around it: how the last try ended. */
export async function installOutcome(packages, { report, lockPauseMs = LOCK_PAUSE_MS, ...pauses }) {
  // A package that brings a service must not start it: systemctl then leaves the running system alone.
  const own = { DEBIAN_FRONTEND: 'noninteractive', SYSTEMD_OFFLINE: '1', RUNLEVEL: '1', LC_ALL: 'C.UTF-8' };
  const env = { ...process.env, ...own };
  const apt = (...args) =>
    unlocked(() => run('apt-get', [...OPTIONS, ...args], { env, onLine: report }), { report, lockPauseMs });
  const install = () => apt('install', '-y', '--no-install-recommends', ...packages);

  const first = await install();
  if (first.code === 0) return first;
  return again(
    async () => {
      if (INTERRUPTED.test(first.output)) {
        await run('dpkg', [...KEEP_CONFIGURATION, '--configure', '-a'], { env, onLine: report });
      }
      // The lists are missing or older than the archive, or the mirror is just being updated.
      await apt('update');
      return install();
    },
    { report, ...pauses },
  );
}

/** Runs what another program's lock keeps from running, until that is gone or a quarter of an hour is over. */
async function unlocked(work, { report, lockPauseMs }) {
  for (const start = Date.now(); ; ) {
    const outcome = await work();
    if (outcome.code === 0 || !LOCKED.test(outcome.output) || Date.now() - start > LOCK_PATIENCE_MS) return outcome;
    report('another program is installing packages: waiting for it');
    await new Promise((resolve) => setTimeout(resolve, lockPauseMs));
  }
}
