import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const ROOT = resolve(__dirname, '..');

test('the unit test in docs/testing.md runs, beside the program of the quickstart', async () => {
  const text = await readFile(join(ROOT, 'docs/testing.md'), 'utf8');
  const blocks = [...text.matchAll(/^```ts file=(\S+)\n([\s\S]*?)^```/gm)];
  expect(blocks.map(([, name]) => name)).toEqual(['mocks.ts', 'index.test.ts']);
  await mkdir(join(ROOT, 'test/.work'), { recursive: true });
  const folder = await mkdtemp(join(ROOT, 'test/.work/testing-'));
  try {
    await cp(join(ROOT, 'examples/quickstart'), folder, { recursive: true });
    for (const [, name, code] of blocks) await writeFile(join(folder, name as string), code as string);
    const { NODE_OPTIONS: _, ...environment } = process.env;
    const { stdout } = await promisify(execFile)('node', ['--test', '--test-reporter=tap'], {
      cwd: folder,
      env: environment,
    });
    expect(stdout).toMatch(/^# pass 1$/m);
    expect(stdout).toMatch(/^# fail 0$/m);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
