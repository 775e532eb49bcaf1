import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { hexOf, sha256 } from '../../model/digest.js';
import {
  collectFile,
  keepGenerations,
  leftOvers,
  listFileImages,
  type PublishFileOptions,
  publishFile,
  readClaimedImage,
  releaseFile,
  removeLeftOver,
} from './image-file.js';

let directory: string;
let made: string[];
let nowMs = 0;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'ingot-publish-'));
  made = [];
});
afterEach(() => rmSync(directory, { recursive: true }));

const nonceOf = (text: string) => sha256(text).slice(7, 23);

function publish(
  text: string,
  claim: { urn?: string; nonce?: string; keep?: number } = {},
  more: Partial<PublishFileOptions> = {},
) {
  nowMs += 1000;
  const image = sha256(text);
  return publishFile({
    ...{ directory, name: 'web', image, format: 'raw-efi' as const, ending: '.img', contents: { text } },
    claim: { urn: claim.urn ?? 'a', nonce: nonceOf(claim.nonce ?? text), keep: claim.keep ?? 1 },
    make: async () => {
      made.push(text);
      return {
        bytes: async function* () {
          yield Buffer.from(text);
        },
      };
    },
    signal: new AbortController().signal,
    nowMs,
    ...more,
  });
}

const release = (id: string, nonce: string) => releaseFile(id, { nonce: nonceOf(nonce), nowMs: ++nowMs });
const images = () =>
  readdirSync(directory)
    .filter((name) => name.endsWith('.img'))
    .sort();
const nameOf = (text: string) => `web-${sha256(text).slice(7, 19)}.img`;

describe('publishFile()', () => {
  test('puts the image under a name with its digest, and beside it what is in it', async () => {
    const published = await publish('one');
    expect(published).toEqual({
      id: join(directory, nameOf('one')),
      image: sha256('one'),
      format: 'raw-efi',
      sizeBytes: 3,
      sha256: hexOf(sha256('one')),
    });
    expect(readFileSync(published.id, 'utf8')).toBe('one');
    expect(JSON.parse(readFileSync(`${published.id}.json`, 'utf8'))).toMatchObject({
      image: sha256('one'),
      contents: { text: 'one' },
    });
    expect(await readClaimedImage(published.id, nonceOf('one'))).toEqual(published);
  });

  test('adopts an image that is there, and does not make it again', async () => {
    const first = await publish('one');
    expect(await publish('one', { urn: 'b', nonce: 'b' })).toEqual(first);
    expect(made).toEqual(['one']);
  });

  test('of one image by several at once is one image, with a claim of each', async () => {
    const all = ['a', 'b', 'c', 'd', 'e', 'f'].map((urn) => publish('one', { urn, nonce: urn }));
    const [first, ...others] = await Promise.all(all);
    for (const other of others) expect(other).toEqual(first);
    expect(readdirSync(directory).sort()).toEqual(['.ingot', nameOf('one'), `${nameOf('one')}.json`]);
    expect((await listFileImages(directory))[0]?.claims).toHaveLength(6);
  });

  test('makes an image again that is not whole', async () => {
    const { id } = await publish('one');
    truncateSync(id, 1);
    await publish('one', { nonce: 'again' });
    expect(readFileSync(id, 'utf8')).toBe('one');
  });

  test('leaves out of a disk what is zeros', async () => {
    const sizeBytes = 64 * 2 ** 20;
    const { id, sha256: told } = await publish(
      'disk',
      {},
      {
        make: async () => ({
          bytes: async function* () {},
          disk: {
            sizeBytes,
            pieces: async function* () {
              yield { offset: sizeBytes - 4096, bytes: Buffer.alloc(4096, 1) };
            },
          },
        }),
      },
    );
    const { size, blocks } = statSync(id);
    expect(size).toBe(sizeBytes);
    // stat(2): 512 bytes each; file systems differ in how much they take for 4 KiB.
    expect(blocks * 512).toBeLessThan(2 ** 20);
    const bytes = readFileSync(id);
    expect(bytes.at(-1)).toBe(1);
    expect(told).toBe(hexOf(sha256(bytes)));
  });

  test('leaves nothing, not even a claim, where it fails or is cancelled', async () => {
    const end = new AbortController();
    const failing = publish(
      'one',
      {},
      {
        make: async () => {
          throw new Error('no such layer');
        },
      },
    );
    await expect(failing).rejects.toThrow('no such layer');
    const cancelled = publish(
      'two',
      {},
      {
        signal: end.signal,
        make: async () => ({
          bytes: async function* () {
            yield Buffer.from('t');
            end.abort();
            yield Buffer.from('wo');
          },
        }),
      },
    );
    await expect(cancelled).rejects.toThrow(/was cancelled/);
    expect(readdirSync(directory)).toEqual(['.ingot']);
    expect(await listFileImages(directory)).toEqual([]);
    expect(readdirSync(join(directory, '.ingot/claims'))).toEqual([]);
  });

  test('does not take the name of another image', async () => {
    const { id } = await publish('one');
    const text = readFileSync(`${id}.json`, 'utf8');
    writeFileSync(`${id}.json`, text.replace('raw-efi', 'aws'));
    await expect(publish('one', { nonce: 'other' })).rejects.toMatchObject({ code: 'name-taken' });
  });
});

describe('releaseFile()', () => {
  test('A, then B whose dependant fails, then A again: A is there all the time', async () => {
    const a = await publish('A', { nonce: 'a1' });
    await publish('B', { nonce: 'b1' });
    // The engine deletes the old generation late: after A was adopted again.
    const again = await publish('A', { nonce: 'a2' });
    await release(a.id, 'a1');
    expect(again).toEqual(a);
    expect(made).toEqual(['A', 'B']);
    expect(images()).toContain(nameOf('A'));
  });

  test('an image that two resources use goes with the last of them', async () => {
    const { id } = await publish('one', { urn: 'a', nonce: 'a' });
    await publish('one', { urn: 'b', nonce: 'b' });
    await release(id, 'a');
    expect(images()).toEqual([nameOf('one')]);
    await release(id, 'b');
    expect(readdirSync(directory)).toEqual(['.ingot']);
  });

  test('keeps as many generations as the resource says, and removes all with it', async () => {
    let last = await publish('0', { nonce: '0', keep: 2 });
    for (const text of ['1', '2', '3', '4']) {
      const next = await publish(text, { nonce: text, keep: 2 });
      await release(last.id, String(Number(text) - 1));
      last = next;
    }
    expect(images()).toEqual(['2', '3', '4'].map(nameOf).sort());
    await release(last.id, '4');
    expect(images()).toEqual([]);
  });

  test('keep: 0 keeps nothing', async () => {
    const { id } = await publish('0', { nonce: '0', keep: 0 });
    await publish('1', { nonce: '1', keep: 0 });
    await release(id, '0');
    expect(images()).toEqual([nameOf('1')]);
  });

  test('is content with a claim that is gone, and refuses to remove beside one that it cannot read', async () => {
    const { id } = await publish('one', { nonce: 'a' });
    await release(id, 'never');
    writeFileSync(join(directory, '.ingot/claims/00.json'), 'garbage');
    await expect(release(id, 'a')).rejects.toThrow(/it is damaged, or of a newer Ingot/);
    expect(images()).toEqual([nameOf('one')]);
  });
});

describe('keepGenerations()', () => {
  const generations = async (keep: number, texts = ['0', '1', '2', '3']) => {
    let last = '';
    for (const [index, text] of texts.entries()) {
      const { id } = await publish(text, { nonce: text, keep });
      if (last !== '') await release(last, texts[index - 1] as string);
      last = id;
    }
    return last;
  };
  const keep = (id: string, nonce: string, count: number) =>
    keepGenerations(id, { nonce: nonceOf(nonce), keep: count });

  test('removes the oldest beyond it at once, and never the one in use or that of another resource', async () => {
    const { id: foreign } = await publish('1', { urn: 'b', nonce: 'b' });
    const last = await generations(3);
    expect(images()).toHaveLength(4);
    await keep(last, '3', 1);
    expect(images()).toEqual(['1', '2', '3'].map(nameOf).sort());
    await keep(last, '3', 0);
    expect(images()).toEqual(['1', '3'].map(nameOf).sort());
    await release(foreign, 'b');
    expect(images()).toEqual([nameOf('3')]);
  });

  test('counts from then on, where it is more', async () => {
    const last = await generations(0, ['0', '1']);
    expect(images()).toEqual([nameOf('1')]);
    await keep(last, '1', 2);
    // The claim of the one that comes next says how many, as the resource does.
    await publish('2', { nonce: '2', keep: 2 });
    await release(last, '1');
    expect(images()).toEqual(['1', '2'].map(nameOf).sort());
    expect((await listFileImages(directory)).flatMap(({ claims, kept }) => [...claims, ...kept])).toEqual([
      expect.objectContaining({ keep: 2 }),
      expect.objectContaining({ keep: 2 }),
    ]);
  });

  test('leaves one alone that is not released yet, and is content with a claim that is gone', async () => {
    const { id } = await publish('0', { nonce: '0' });
    const next = await publish('1', { nonce: '1' });
    await keep(next.id, '1', 0);
    await keep(id, 'never', 0);
    expect(images()).toEqual(['0', '1'].map(nameOf).sort());
  });
});

describe('what cannot be read', () => {
  /** Root may read everything but this. */
  const loopAt = (path: string) => {
    rmSync(path, { recursive: true, force: true });
    symlinkSync(path, path);
  };

  test.each([
    ['a claim', () => join(directory, '.ingot/claims', `${nonceOf('b')}.json`)],
    ['the folder of claims', () => join(directory, '.ingot/claims')],
  ])('is not gone: no image is removed while that is %s', async (_, path) => {
    const { id } = await publish('one', { urn: 'a', nonce: 'a' });
    await publish('one', { urn: 'b', nonce: 'b' });
    loopAt(path());
    await expect(release(id, 'a')).rejects.toMatchObject({ code: 'io' });
    await expect(collectFile(id)).rejects.toMatchObject({ code: 'io' });
    expect(images()).toEqual([nameOf('one')]);
  });

  test('is not gone: a claim stays while that is the description', async () => {
    const { id } = await publish('one');
    loopAt(`${id}.json`);
    await expect(readClaimedImage(id, nonceOf('one'))).rejects.toMatchObject({ code: 'io' });
    expect(readdirSync(join(directory, '.ingot/claims'))).toHaveLength(1);
    expect(await listFileImages(directory)).toEqual([]);
    expect(images()).toEqual([nameOf('one')]);
  });
});

describe('collectFile()', () => {
  test('removes what nobody claims or keeps, and nothing else', async () => {
    const { id } = await publish('one', { nonce: 'a' });
    expect(await collectFile(id)).toBe(false);
    rmSync(join(directory, '.ingot/claims'), { recursive: true });
    const [image] = await listFileImages(directory);
    expect(image).toMatchObject({ id, claims: [], kept: [] });
    expect(await collectFile(id)).toBe(true);
    expect(images()).toEqual([]);
  });
});

describe('readClaimedImage()', () => {
  const own = (text: string) => readClaimedImage(join(directory, nameOf(text)), nonceOf(text));

  test('finds what is whole and claimed', async () => {
    const published = await publish('one');
    expect(await own('one')).toEqual(published);
  });

  test.each([
    ['is gone', () => rmSync(join(directory, nameOf('one')))],
    ['was cut off', () => truncateSync(join(directory, nameOf('one')), 1)],
    ['has no description any more', () => rmSync(join(directory, `${nameOf('one')}.json`))],
  ])('gives up the claim on one that %s, so that it can be made anew, and then goes', async (_, damage) => {
    await publish('older', { keep: 1, nonce: 'older' });
    await publish('one');
    await release(join(directory, nameOf('older')), 'older');
    damage();
    expect(await own('one')).toBeUndefined();
    expect(images()).toEqual([nameOf('older')]);
    const { id } = await publish('one', { nonce: 'anew' });
    expect(made).toEqual(['older', 'one', 'one']);
    await release(id, 'anew');
    expect(images()).toEqual([]);
  });

  test('leaves what another resource has claimed', async () => {
    await publish('one');
    await publish('one', { urn: 'b', nonce: 'b' });
    truncateSync(join(directory, nameOf('one')), 1);
    expect(await own('one')).toBeUndefined();
    expect(images()).toEqual([nameOf('one')]);
  });
});

describe('leftOvers()', () => {
  test('are what was not finished, and not touched for a day', async () => {
    await publish('one');
    const partial = join(directory, '.web-x.img.01234567-89ab-4cde-8f01-23456789abcd.partial');
    writeFileSync(partial, 'half');
    expect(await leftOvers(directory, Date.now())).toEqual([]);
    const tomorrow = Date.now() + 25 * 3600 * 1000;
    expect(await leftOvers(directory, tomorrow)).toEqual([{ path: partial, sizeBytes: 4 }]);
    expect(await removeLeftOver(partial)).toBe(true);
    expect(await leftOvers(directory, tomorrow)).toEqual([]);
  });
});
