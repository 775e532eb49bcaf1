import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { gzip, gzipName } from './gzip.js';

const hasGzip = spawnSync('gzip', ['--version']).status === 0;

async function compress(chunks: Iterable<Uint8Array>, level = 6): Promise<Buffer> {
  return buffer(gzip(chunks, { level }));
}

/** Text-like bytes, the same in each run: repetitions near and far, so that the dictionary matters. */
function sample(sizeBytes: number): Buffer {
  const words = Buffer.alloc(sizeBytes);
  let state = 1;
  for (let at = 0; at < sizeBytes; at++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    words[at] = at > 40000 && (state & 7) !== 0 ? (words[at - 30011] as number) : (state >>> 16) & 0x3f;
  }
  return words;
}

/** Lets a new process load this folder as it is: `.js` in an import stands for the `.ts` beside it. */
const HOOKS = `data:text/javascript,import{registerHooks}from'node:module';registerHooks({
  resolve:(name,context,next)=>next(name.startsWith('.')?name.replace(/js$/,'ts'):name,context),
  load:(url,context,next)=>next(url,url.endsWith('.ts')?{...context,format:'module-typescript'}:context)})`;
const SCRIPT = `
  import { createHash } from 'node:crypto';
  import { gzip } from './gzip.js';
  const hash = createHash('sha256');
  for await (const chunk of gzip([Buffer.alloc(5_000_000, 'some text that is repeated')], { level: 6 })) {
    hash.update(chunk);
  }
  console.log(hash.digest('hex'));`;

describe('gzip()', () => {
  test.each([0, 1, 32 * 1024, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3_500_000])(
    'can be read back, for %d bytes',
    async (sizeBytes) => {
      const content = sample(sizeBytes);
      const compressed = await compress([content]);
      expect(gunzipSync(compressed).equals(content)).toBe(true);
      if (sizeBytes > 1 << 20) expect(compressed.length).toBeLessThan(sizeBytes / 2);
    },
  );

  test('can be read back, for any small content at any level', async () => {
    const level = fc.integer({ min: 1, max: 9 });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array()), level, async (chunks, chosen) => {
        expect(gunzipSync(await compress(chunks, chosen)).equals(Buffer.concat(chunks))).toBe(true);
      }),
    );
  });

  test('gives the same bytes, however the content is cut into chunks', async () => {
    const content = sample(2_500_000);
    const pieces = Array.from({ length: 2500 }, (_, index) => content.subarray(index * 1000, (index + 1) * 1000));
    expect((await compress(pieces)).equals(await compress([content]))).toBe(true);
  });

  test('is one member with neither time nor system, so it can be part of an initramfs', async () => {
    const compressed = await compress([sample(2_500_000)]);
    expect(compressed.subarray(0, 10).toString('hex')).toBe('1f8b08000000000000ff');
    // The last eight bytes are about the last member: it holds everything.
    expect(compressed.readUInt32LE(compressed.length - 4)).toBe(2_500_000);
  });

  test.each(['1', '4'])('gives the same bytes as here, with a pool of %s threads', async (threads) => {
    const { stdout, stderr } = spawnSync(process.execPath, ['--import', HOOKS, '--input-type=module', '-e', SCRIPT], {
      cwd: __dirname,
      encoding: 'utf8',
      env: { ...process.env, UV_THREADPOOL_SIZE: threads },
    });
    const here = await compress([Buffer.alloc(5_000_000, 'some text that is repeated')]);
    expect(stdout.trim(), stderr).toBe(createHash('sha256').update(here).digest('hex'));
  });

  test.skipIf(!hasGzip)(`is accepted by gzip and zcat${hasGzip ? '' : ' (not run: no gzip here)'}`, async () => {
    const content = sample(3_500_000);
    const compressed = await compress([content]);
    execFileSync('gzip', ['-t'], { input: compressed });
    expect(execFileSync('zcat', { input: compressed, maxBuffer: 1 << 24 }).equals(content)).toBe(true);
  });

  test('passes on the failure of its input', async () => {
    async function* failing() {
      yield Buffer.alloc(3 << 20);
      throw new Error('the disk is gone');
    }
    await expect(buffer(gzip(failing(), { level: 1 }))).rejects.toThrow('the disk is gone');
  });
});

describe('gzipName()', () => {
  test('names level and version', () => {
    expect(gzipName(6)).toBe(`gzip level 6 (zlib ${process.versions.zlib})`);
  });
});
