import { defineConfig } from 'vitest/config';

/** Run by `npm run bench`, and never by `npm test`: what it finds depends on the machine and on what else runs there. */
export default defineConfig({
  test: {
    include: ['test/bench/*.bench.ts'],
    fileParallelism: false,
    testTimeout: 1_800_000,
    hookTimeout: 900_000,
  },
});
