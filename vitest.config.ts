import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['provider/src/**/*.test.ts', 'sdk/src/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: ['**/node_modules/**', 'test/.work/**'],
  },
});
