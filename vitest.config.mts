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
          // Against hanging alone: on two cores with a load of 22 a test that needs 2 s was seen to take 33 s.
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
      {
        test: {
          // Real engines and machines: apart from the rest, and two files at a time. Most of them wait for a machine or a clock, on
          // one core; more would wait for each other.
          name: 'whole',
          include: ['test/*/**/*.test.ts', 'test/pack.test.ts'],
          exclude,
          sequence: { groupOrder: 1 },
          maxWorkers: 2,
          // Only what hangs is to meet it: what a limit is part of says so itself.
          testTimeout: 900_000,
          hookTimeout: 900_000,
        },
      },
    ],
  },
});
