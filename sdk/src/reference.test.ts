import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = join(__dirname, '../..');

test('docs/resources.md is as scripts/generate-resources.mjs would write it; if not, run that', async () => {
  const { resourcesPage } = await import(pathToFileURL(join(ROOT, 'scripts/resources/page.mjs')).href);
  const page = resourcesPage(ROOT);
  expect(readFileSync(join(ROOT, 'docs/resources.md'), 'utf8')).toBe(page);
  // Every input and output of ours says what it is.
  const rows = page.split('\n').filter((line: string) => /^\| `/.test(line));
  expect(rows.length).toBeGreaterThan(40);
});
