import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Digest, sha256 } from '../../model/digest.js';
import type { BlobRange } from '../../model/layer.js';
import { encodeIndexFile, IndexFile } from './index-file.js';
import { IndexLines } from './index-lines.js';

interface Opened {
  readonly file: IndexFile;
  readonly reads: BlobRange[];
  readonly sizeBytes: number;
}

function gathered(lines: readonly string[]): IndexLines {
  const gathered = new IndexLines();
  for (const line of lines) gathered.add(line);
  return gathered;
}

async function openLines(lines: readonly string[]): Promise<Opened> {
  const chunks: Uint8Array[] = [];
  const encoding = encodeIndexFile(gathered(lines));
  let directoryBytes = 0;
  for (let step = encoding.next(); ; step = encoding.next()) {
    if (step.done === true) {
      directoryBytes = step.value;
      break;
    }
    chunks.push(step.value);
  }
  const bytes = Buffer.concat(chunks);
  const digest: Digest = sha256(bytes);
  const reads: BlobRange[] = [];
  const read = async (range: BlobRange): Promise<Uint8Array> => {
    reads.push(range);
    return bytes.subarray(range.offset, range.offset + range.sizeBytes);
  };
  const file = await IndexFile.open(read, { digest, sizeBytes: bytes.length, directoryBytes });
  return { file, reads, sizeBytes: bytes.length };
}

async function keysOf(file: IndexFile): Promise<string[]> {
  const keys: string[] = [];
  for await (const key of file.keys()) keys.push(key);
  return keys;
}

describe('IndexFile', () => {
  test('gives back the values of every key, for any lines', async () => {
    const key = fc.stringMatching(/^[a-z*+é-]{0,4}$/);
    const value = fc.oneof(fc.constant('x'.repeat(3000)), fc.stringMatching(/^[ -~\t€]{0,10}$/));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(key, value), { maxLength: 40 }), key, async (pairs, other) => {
        const { file } = await openLines(pairs.map(([key, value]) => `${key}\t${value}`));
        const wanted = [...new Set(pairs.map(([key]) => key))].sort();
        expect(await keysOf(file)).toEqual(wanted);
        for (const key of [...wanted, other]) {
          const values = pairs.filter((pair) => pair[0] === key).map(([, value]) => value);
          expect(await file.values(key)).toEqual(values.sort());
        }
      }),
    );
  });

  test('finds a name by one small read, among 50,000', async () => {
    const { file, reads, sizeBytes } = await openLines(
      Array.from({ length: 50_000 }, (_, i) => `name${i}\t${'v'.repeat(300)}`),
    );
    expect(reads).toHaveLength(1);
    expect(reads[0]?.sizeBytes).toBeLessThan(sizeBytes / 100);
    expect(await file.values('name4711')).toHaveLength(1);
    expect(await file.values('name4711')).toHaveLength(1);
    expect(await file.values('nobody')).toEqual([]);
    expect(reads.slice(1).every((range) => range.sizeBytes < 20_000)).toBe(true);
    expect(reads.length).toBeLessThanOrEqual(3);
  });

  test('keeps all values of one key together, however many', async () => {
    const { file } = await openLines(Array.from({ length: 5000 }, (_, i) => `a\t${i}`).concat('b\t1'));
    expect(await file.values('a')).toHaveLength(5000);
    expect(await file.values('b')).toEqual(['1']);
  });

  test.each(['no tab', 'two\tlines\n', `long\t${'x'.repeat(4 << 20)}`])('refuses the line %.20j', (line) => {
    expect(() => gathered([line])).toThrow(RangeError);
  });
});

describe('IndexLines', () => {
  test.each([0, 1, 2047, 2048, 2049, 3 * 2048, 7 * 2048 + 100])('sorts %i lines by their bytes', (count) => {
    const lines = Array.from({ length: count }, (_, index) => `${(index * 7919) % 5003}-é\t${index % 10}`);
    const sorted = [...gathered(lines).sorted()].map(({ chunk, start, end }) => chunk.toString('utf8', start, end - 1));
    expect(sorted).toEqual([...lines].sort());
  });
});
