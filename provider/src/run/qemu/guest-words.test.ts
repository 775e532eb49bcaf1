import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { GuestEar, guestWord } from './guest-words.js';

describe('guestWord()', () => {
  test.each([
    [
      '{"ingot":"ready","image":"sha256:1","phases":{"kernel":1.5,"services":2},"services":{"web":"running"}}\r',
      { word: 'ready', phases: { kernel: 1.5, services: 2 } },
    ],
    ['{"ingot":"ready"}', { word: 'ready', phases: {} }],
    ['{"ingot":"ready","phases":{"a":-1,"b":"1","__proto__":2,"c d":3,"e":4}}', { word: 'ready', phases: { e: 4 } }],
    ['{"ingot":"failed","phase":"onboot/x","reason":"exit 3"}', { word: 'failed', reason: 'onboot/x: exit 3' }],
    ['{"ingot":"failed","reason":"a\\u001b[2Jb"}', { word: 'failed', reason: 'ab' }],
    ['{"ingot":"failed"}', { word: 'failed', reason: 'no reason given' }],
    ['[    3.4] Kernel panic - not syncing: No init', { word: 'panic', reason: 'No init' }],
    [
      '[    0.9] Initramfs unpacking failed: write error',
      { word: 'panic', reason: 'Initramfs unpacking failed: write error' },
    ],
    ['[    4.158838] Oops: 0002 [#1] PREEMPT', { word: 'panic', reason: 'Oops: 0002 [#1] PREEMPT' }],
    ['Oops: we are sorry', undefined],
    ['{"ingot":"ready"', undefined],
    ['{"ingot":"booting"}', undefined],
    ['web: {"ingot":"ready"}', undefined],
    ['', undefined],
  ])('of %j is %j', (line, word) => {
    expect(guestWord(line)).toEqual(word);
  });
});

test('GuestEar hears each word once, also when it is written in pieces and before the file is there', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ingot-ear-'));
  try {
    const path = join(folder, 'console');
    const ear = new GuestEar(path);
    expect(await ear.listen()).toEqual([]);
    writeFileSync(path, 'hello\n{"ingot":"re');
    expect(await ear.listen()).toEqual([]);
    appendFileSync(path, `ady"}\n${'x'.repeat(1 << 20)}\n{"ingot":"failed"}\n`);
    expect((await ear.listen()).map(({ word }) => word)).toEqual(['ready', 'failed']);
    expect(await ear.listen()).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
