import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { testTools } from './setup/test-tools.mjs';
import { setup } from './setup.mjs';
import { attach } from './shell/attach.mjs';
import { withLock } from './shell/lock.mjs';
import { binFolder, root, workFolder } from './shell/paths.mjs';
import { main, StepError, step } from './shell/step.mjs';
import { CHECKS } from './test/checks.mjs';

const report = join(workFolder, 'test-report.json');
const cache = join(workFolder, 'test-cache');
const reporter = join(root, 'scripts/test/report.mjs');

/** `npm test [-- FILTER]`: the filter goes to Vitest. The last line is the count of all checks and tests. */
await main(async () => {
  const total = { passed: 0, failed: 0, skipped: [] };
  const environment = await check('set-up', total, async () => (await setup({ compile: false })).environment);
  // Without an engine, a compiler and a virtual machine every further failure would be noise.
  if (environment !== undefined) {
    await checkTools(total);
    for (const { name, advice, check: run } of CHECKS) {
      await check(name, total, () => step(name, () => passes(name, { run, advice, environment })));
    }
    add(total, await runTests(environment));
  }
  close(total);
  return total.failed > 0 ? 1 : 0;
});

/** Counts a piece of work as one test. Resolves to its result, or undefined if it failed. */
async function check(name, total, work) {
  try {
    const result = await work();
    total.passed++;
    return result;
  } catch (error) {
    total.failed++;
    process.stderr.write(`\nFAIL ${error instanceof StepError ? error.message : `${name}\n${error.stack}`}\n\n`);
    return undefined;
  }
}

/** Other people's tools for second opinions: who may not install them still runs the rest. */
async function checkTools(total) {
  const name = 'tools for second opinions';
  if (process.getuid?.() === 0) return check(name, total, testTools);
  try {
    await testTools();
  } catch (error) {
    total.skipped.push({ name, reason: error.message });
  }
}

async function passes(name, { run, advice, environment }) {
  const { code, output } = await run({ environment });
  if (code !== 0) throw new StepError(name, { what: `exit code ${code}`, output, advice });
}

/** One run at a time in a checkout: the next one removes the cache of this one. */
function runTests(environment) {
  mkdirSync(workFolder, { recursive: true });
  let said = false;
  const onWait = (pid) => {
    if (!said) process.stderr.write(`  waiting for another npm test (process ${pid}) …\n`);
    said = true;
  };
  return withLock(join(workFolder, 'test.lock'), () => runVitest(environment), { onWait });
}

async function runVitest(environment) {
  rmSync(report, { force: true });
  // What an earlier state of the sources has built must not be what is tested. What is left of a run that was killed may
  // still write there for a moment.
  rmSync(cache, { recursive: true, force: true, maxRetries: 10, retryDelay: 500 });
  const args = ['run', '--reporter=default', `--reporter=${reporter}`, ...process.argv.slice(2)];
  const { code } = await attach(join(binFolder, 'vitest'), args, {
    cwd: root,
    env: { ...environment, INGOT_TEST_REPORT: report, INGOT_CACHE: cache },
  });
  const found = readReport();
  // A crash, or a filter that matches nothing.
  if (code !== 0 && found.failed === 0) found.failed = 1;
  return found;
}

function readReport() {
  try {
    return JSON.parse(readFileSync(report, 'utf8'));
  } catch {
    return { passed: 0, failed: 1, skipped: [] };
  }
}

function add(total, { passed, failed, skipped }) {
  total.passed += passed;
  total.failed += failed;
  total.skipped.push(...skipped);
}

function close(total) {
  const silent = total.skipped.filter(({ reason }) => reason === null);
  // With -t Vitest reports every test that does not match as skipped.
  const isFiltered = process.argv.some((argument) => /^(-t|--testNamePattern)/.test(argument));
  const reasoned = total.skipped.filter(({ reason }) => reason !== null);
  if (reasoned.length > 0) console.log('\nSkipped:');
  for (const { name, reason } of reasoned) console.log(`  ${name}: ${reason}`);
  if (silent.length > 0 && !isFiltered) {
    console.log('\nFAIL skipped without a reason (give one: context.skip(reason), see test/skip.ts):');
    for (const { name } of silent) console.log(`  ${name}`);
    total.failed += silent.length;
    total.skipped = reasoned;
  }
  console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped.length} skipped`);
}
