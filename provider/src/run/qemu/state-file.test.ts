import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeStateFile } from './state-file.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ingot-state-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('writeStateFile() of one file by several at once leaves what one of them has written, whole', async () => {
  const path = join(folder, 'sub/known.json');
  const values = Array.from({ length: 50 }, (_, index) => ({ index, text: 'x'.repeat(index * 100) }));
  await Promise.all(values.map((value) => writeStateFile(path, value)));
  expect(values).toContainEqual(JSON.parse(readFileSync(path, 'utf8')));
  expect(readdirSync(join(folder, 'sub'))).toEqual(['known.json']);
});
