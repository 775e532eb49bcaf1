import { afterEach, describe, expect, test, vi } from 'vitest';
import { legibly } from './legible.js';
import { PartialFailure } from './partial-failure.js';

/** As the host process of the engine does with what `check`, `diff`, `read` and `delete` throw. */
async function hosted(work: () => Promise<unknown>): Promise<{ told: string; printed: unknown[] }> {
  const printed = vi.spyOn(console, 'error').mockImplementation(() => {});
  try {
    const error = await legibly(work).then(
      () => new Error('It threw nothing'),
      (error: Error) => error,
    );
    console.error(`${error}: ${error.stack}`);
    return { told: error.message, printed: printed.mock.calls.flat() };
  } finally {
    printed.mockRestore();
  }
}

describe('legibly()', () => {
  afterEach(() => vi.unstubAllEnvs());

  test('tells the engine the message and its cause, and prints nothing', async () => {
    const cause = new Error('no route');
    const { told, printed } = await hosted(async () => {
      throw new Error('Cannot fetch x', { cause });
    });
    expect(told).toBe('Cannot fetch x (no route)');
    expect(printed).toEqual([]);
  });

  test('prints the stack as well, where INGOT_DEBUG is set', async () => {
    vi.stubEnv('INGOT_DEBUG', '1');
    const { told, printed } = await hosted(async () => {
      throw new Error('Cannot fetch x');
    });
    expect(told).toBe('Cannot fetch x');
    expect(printed).toEqual([expect.stringMatching(/Cannot fetch x[\s\S]*legible\.test/)]);
  });

  test('leaves what the engine is to keep as it is', async () => {
    const failure = new PartialFailure('half of it', { id: 'x', properties: {} });
    await expect(legibly(() => Promise.reject(failure))).rejects.toBe(failure);
  });
});
