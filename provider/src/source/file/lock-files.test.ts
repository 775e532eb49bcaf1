import { mkdtemp, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sha256 } from '../../model/digest.js';
import type { Spec } from '../../model/spec.js';
import { Store } from '../../store/store.js';
import { lockFiles, openFiles } from './lock-files.js';

let directory: string;
let store: Store;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ingot-lock-files-'));
  store = await Store.open(join(directory, 'store'));
  await writeFile(join(directory, 'a.txt'), 'a');
  await writeFile(join(directory, 'ca.pem'), 'ca');
});
afterEach(async () => {
  await store.close();
  await rm(directory, { recursive: true, force: true });
});

const options = () => ({ directory, store, signal: new AbortController().signal });
const spec: Spec = {
  files: [
    { path: 'x', contents: '' },
    { path: 'a', source: 'a.txt' },
    { path: 'gone', source: 'gone.txt', optional: true },
    { path: 'far', source: { url: 'https://a.example/far', sha256: 'a'.repeat(64) } },
  ],
  ca: ['PEM', { source: 'ca.pem' }],
};

describe('lockFiles()', () => {
  test('digests files that are named by their paths, and notes where all are found', async () => {
    expect(await lockFiles(spec, options())).toEqual({
      files: { 1: { digest: sha256('a'), sizeBytes: 1 }, 'ca[1]': { digest: sha256('ca'), sizeBytes: 2 } },
      sources: { 1: 'a.txt', 3: 'https://a.example/far', 'ca[1]': 'ca.pem' },
    });
  });

  test('tells the place of a file that is missing', async () => {
    await expect(lockFiles({ ca: [{ source: 'none.pem' }] }, options())).rejects.toMatchObject({
      code: 'not-found',
      context: { property: 'ca[0].source' },
    });
  });
});

describe('openFiles()', () => {
  test('gives their contents by their keys, also when the files are gone', async () => {
    const { files, sources } = await lockFiles(spec, options());
    await unlink(join(directory, 'ca.pem'));
    const contents = await openFiles(files, { ...options(), sources });
    expect([...contents.keys()]).toEqual(['1', 'ca[1]']);
    expect(contents.get('ca[1]')).toMatchObject({ sizeBytes: 2, sha256: sha256('ca') });
  });

  test('says which file has changed', async () => {
    const files = { 'ca[1]': { digest: sha256('other'), sizeBytes: 5 } };
    await expect(openFiles(files, { ...options(), sources: { 'ca[1]': 'ca.pem' } })).rejects.toMatchObject({
      code: 'changed',
      message: expect.stringMatching(/^Cannot read ca\.pem: its content is no longer the one that was locked/),
    });
  });
});
