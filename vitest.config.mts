import { defineConfig } from 'vitest/config';

const exclude = ['**/node_modules/**', '**/dist/**', 'test/.work/**'];

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['provider/src/**/*.test.ts', 'sdk/src/**/*.test.ts', 'test/*.test.ts'],
          exclude: [...exclude, 'test/pack.test.ts'],
          // On two busy cores the default of 5 s is met by tests that do nothing wrong.
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          // Real engines and machines: after the rest and one file at a time, so that none waits for another's CPU.
          name: 'whole',
          include: ['test/*/**/*.test.ts', 'test/pack.test.ts'],
          exclude,
          sequence: { groupOrder: 1 },
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
