import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { missingPrograms, skipAllBecause } from '../skip.js';

const SCRIPTS = join(__dirname, '../../provider/src/guest/root/usr/lib/ingot');
const PARTS = ['say', 'process', 'log', 'container', 'step'];
const STEPS = 30;

/** Runs steps while children of PID 1 end all the time, which is when its traps run. */
const RUN = `
machine=booting status= logger= delay=0
read_plan() { :; }
prepare() { :; }
give_secrets() { :; }
attend() { :; }
crun() {
  [ "$1" = run ] || return 0
  echo "said by step $number"
  exit 4
}
mkfifo /run/ingot/never /run/ingot/wake
open_events /run/ingot/wake
trap 'wake' CHLD
number=0
while [ "$number" -lt ${STEPS} ]; do
  number=$((number + 1))
  for tenth in 0 1 2 3 4 5 6 7 8 9; do sleep "0.0$tenth" & done
  run_step "onboot/$number-step"
  echo "$number $?: $problem"
done
trap - CHLD
wait
`;

describe('step.sh', () => {
  skipAllBecause(missingPrograms('busybox'));
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'ingot-steps-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(['', 'services'])(
    'runs a step to its end, whoever ends meanwhile, with ingot.console=%j',
    async (where) => {
      const root = join(folder, `root-${where}`);
      for (const path of ['run/ingot/pipe', 'run/ingot/pid', 'run/log', 'dev'])
        await mkdir(join(root, path), { recursive: true });
      const parts = PARTS.map((part) => readFileSync(join(SCRIPTS, `${part}.sh`), 'utf8'));
      const whole = [...parts, `console=${where}`, RUN].join('\n');
      const script = join(folder, `steps-${where}.sh`);
      writeFileSync(
        script,
        whole
          .replaceAll(/(?<![\w.$}])\/(run|dev|sys)(?=\/)/g, `${root}/$1`)
          .replaceAll(`${root}/dev/null`, '/dev/null'),
      );
      const { stdout, stderr, status } = spawnSync('busybox', ['sh', '-u', script], {
        encoding: 'utf8',
        timeout: 300_000,
        env: { PATH: process.env.PATH },
      });
      expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
      const steps = Array.from({ length: STEPS }, (_, index) => index + 1);
      expect(stdout.trim().split('\n')).toEqual(steps.map((number) => `${number} 1: exit status 4`));
      const logged = steps.map((number) => readFileSync(join(root, `run/log/${number}-step.log`), 'utf8'));
      expect(logged).toEqual(steps.map((number) => `said by step ${number}\n`));
    },
  );
});
