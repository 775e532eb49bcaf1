const TRIES = 3;
const FIRST_PAUSE_MS = 3_000;

/**
 * Does what asks a network, three times at most: a mirror that is just being updated, or a name that is not found for a
 * moment, is well a little later. `work` resolves to what `run` does, and may be repeated. Resolves to the last outcome.
 * @param isFinal asked about an outcome that failed: whether another try would be in vain
 */
export async function again(work, { isFinal = () => false, report = () => {}, firstPauseMs = FIRST_PAUSE_MS } = {}) {
  for (let tries = 1, pauseMs = firstPauseMs; ; tries++, pauseMs *= 4) {
    const outcome = await work();
    if (outcome.code === 0 || tries === TRIES || isFinal(outcome)) return outcome;
    report(`that failed; trying again in ${Math.ceil(pauseMs / 1000)} s`);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
