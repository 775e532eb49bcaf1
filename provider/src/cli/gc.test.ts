import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { sha256 } from '../model/digest.js';
import { imageFiles } from '../pipeline.js';
import { gc } from './gc.js';

let directory: string;
let said: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ingot-gc-'));
  said = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    said += text;
    return true;
  });
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(directory, { recursive: true, force: true });
});

async function publish(text: string): Promise<{ id: string; release: () => Promise<void> }> {
  const { publishFile, releaseFile } = await imageFiles();
  const nonce = sha256(text).slice(7, 23);
  const { id } = await publishFile({
    ...{ directory, name: 'web', image: sha256(text), format: 'raw-efi', ending: '.img', contents: {} },
    claim: { nonce, urn: text, keep: 0 },
    make: async () => ({
      bytes: async function* () {
        yield Buffer.from(text);
      },
    }),
    signal: new AbortController().signal,
    nowMs: 1,
  });
  // As if whoever has removed the claim had been ended before it removed the image.
  const claim = join(directory, '.ingot/claims', `${nonce}.json`);
  return { id, release: () => (text === 'left' ? rm(claim) : releaseFile(id, { nonce, nowMs: 2 })) };
}

describe('gc()', () => {
  test('lists what nothing claims, and removes it with --yes', async () => {
    const used = await publish('used');
    const left = await publish('left');
    await left.release();
    await gc(directory, {});
    expect(said).toBe(
      `${left.id}  4 B  no resource needs it\n1 file, 4 B; \`ingot gc --yes ${directory}\` removes it; 1 image in use or kept\n`,
    );
    said = '';
    await gc(directory, { yes: true });
    expect(said).toMatch(/removed 1 file, 4 B; 1 image in use or kept\n$/);
    expect((await readdir(directory)).filter((name) => name.endsWith('.img'))).toEqual([used.id.split('/').at(-1)]);
    said = '';
    await gc(directory, {});
    expect(said).toBe('nothing to remove; 1 image in use or kept\n');
  });

  test('tells who needs what, as JSON', async () => {
    const used = await publish('used');
    await gc(directory, { json: true });
    expect(JSON.parse(said)).toMatchObject({
      images: [{ id: used.id, claims: [{ urn: 'used' }], kept: [] }],
      unused: [],
      removed: [],
    });
  });

  test('refuses what is no folder', async () => {
    await expect(gc(join(directory, 'nowhere'), {})).rejects.toThrow(
      /Cannot look through \S+nowhere: it is not a folder/,
    );
  });
});
