import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';

const PROVIDER = resolve(__dirname, '../../sdk/dist/provider.js');

test('the provider itself loads nothing of others: they come in portions, between which other calls get their turn', () => {
  const program = `require(${JSON.stringify(PROVIDER)}); console.log(JSON.stringify(Object.keys(require.cache)))`;
  const loaded: string[] = JSON.parse(execFileSync(process.execPath, ['-e', program], { encoding: 'utf8' }));
  expect(loaded).toContain(PROVIDER);
  expect(loaded.filter((path) => path.includes('/node_modules/'))).toEqual([]);
});
