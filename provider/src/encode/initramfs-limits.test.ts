import { describe, expect, test } from 'vitest';
import type { TreeEntry } from '../model/tree.js';
import { EncodeError } from './error.js';
import { checkInitramfsLimits } from './initramfs-limits.js';
import { resolveInodes } from './inodes.js';
import { file, type PartialEntry, treeOf } from './tree.fixture.js';

const check =
  (...entries: PartialEntry[]) =>
  () =>
    checkInitramfsLimits(resolveInodes(treeOf(entries).entries));
const sized = (sizeBytes: number): PartialEntry => {
  const { content } = file('big', '') as TreeEntry;
  return { path: 'big', type: 'file', content: { ...content, sizeBytes } as never };
};

describe('checkInitramfsLimits()', () => {
  test.each([
    ['the largest file', sized(2 ** 32 - 1)],
    ['the longest path', file(`${'a/'.repeat(2047)}b`, '')],
    ['the last device', { path: 'dev', type: 'block', device: { major: 4095, minor: 1048575 } }],
    [
      'labels and notes',
      file('f', '', { xattrs: { 'security.selinux': 'AA==', 'user.note': '', 'trusted.overlay.opaque': 'eQ==' } }),
    ],
  ] as [string, PartialEntry][])('says nothing of %s', (_, entry) => {
    expect(check(entry)).not.toThrow();
  });

  test.each([
    ['a file of 4 GiB', sized(2 ** 32), 'it has 4294967296 bytes; files must be under 4 GiB'],
    ['a longer path', file(`${'a/'.repeat(2047)}bb`, ''), 'its path has more than 4095 bytes'],
    ['a longer target', { path: 'l', type: 'symlink', link: 'ä'.repeat(2048) }, 'its target has more than 4095 bytes'],
    ['a larger device', { path: 'dev', type: 'char', device: { major: 4096, minor: 0 } }, 'its device 4096:0 is over'],
    ['an owner that is none', file('f', '', { uid: 4294967295 }), 'its owner 4294967295:0'],
    [
      'an access list',
      file('f', '', { xattrs: { 'system.posix_acl_access': 'AgA=' } }),
      'system.posix_acl_access; take it off the files',
    ],
  ] as [string, PartialEntry, string][])('throws for %s', (_, entry, message) => {
    expect(check(entry)).toThrow(EncodeError);
    expect(check(entry)).toThrow(message);
  });

  test('names the files that have capabilities, and what to do instead', () => {
    const xattrs = { 'security.capability': 'AQAAAg==' };
    const files = Array.from({ length: 12 }, (_, index) =>
      file(`usr/bin/${String.fromCharCode(97 + index)}`, '', { xattrs }),
    );
    expect(check(...files)).toThrow(
      /^Cannot put usr\/bin\/a, .*usr\/bin\/j and 2 more into an initramfs: .*give the service the capability in the spec/,
    );
  });
});
