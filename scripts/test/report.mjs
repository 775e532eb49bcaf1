import { writeFileSync } from 'node:fs';

/** A reason may also stand at the end of a title, where it is known when the tests are collected. */
const REASON_IN_TITLE = /\((?:not run|skipped): (.+)\)$/;

/**
 * Writes what `npm test` counts to the file that INGOT_TEST_REPORT names: `{ passed, failed, skipped }`, the last as
 * names with reasons (null: none was given). A file, a hook or a stray promise that failed counts as a test that did.
 */
// biome-ignore lint/style/noDefaultExport: this is how Vitest loads a reporter
export default class Report {
  onTestRunEnd(modules, unhandledErrors) {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const failedSuites = modules.flatMap((module) => [module, ...module.children.allSuites()]).filter(hasOwnError);
    const inState = (state) => tests.filter((test) => test.result().state === state);
    const report = {
      passed: inState('passed').length,
      failed: inState('failed').length + failedSuites.length + unhandledErrors.length,
      skipped: [...inState('skipped'), ...inState('pending')].map((test) => ({
        name: `${test.module.relativeModuleId}: ${test.fullName}`,
        reason: reasonOf(test),
      })),
    };
    if (process.env.INGOT_TEST_REPORT) writeFileSync(process.env.INGOT_TEST_REPORT, JSON.stringify(report));
  }
}

function hasOwnError(suite) {
  return suite.errors().length > 0;
}

function reasonOf(test) {
  const { note } = test.result();
  if (note) return note;
  for (let parent = test.parent; parent.type !== 'module'; parent = parent.parent) {
    if (hasOwnError(parent)) return 'the set-up of its group failed';
  }
  return REASON_IN_TITLE.exec(test.fullName)?.[1] ?? null;
}
