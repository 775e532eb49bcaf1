/** A question that could not be answered: neither yes nor no. */
export class Unanswered extends Error {}

/**
 * A command that asks something, for scripts and scheduled jobs, as diff(1) and grep(1) answer them: exit code 0 where
 * there is nothing to do, 1 where there is, and 2 where that could not be found out.
 */
export function asking<Arguments extends unknown[]>(
  isSomethingToDo: (...given: Arguments) => Promise<boolean>,
): (...given: Arguments) => Promise<void> {
  return async (...given) => {
    try {
      process.exitCode = (await isSomethingToDo(...given)) ? 1 : 0;
    } catch (error) {
      throw new Unanswered('', { cause: error });
    }
  };
}
