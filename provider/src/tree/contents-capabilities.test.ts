import { describe, expect, test } from 'vitest';
import { capabilitiesText, fileCapabilitiesIn } from './contents-capabilities.js';

/** As `setcap` writes them: `struct vfs_cap_data`, little-endian. */
function vfsCapData(revision: number, sets: readonly [permitted: number, inheritable: number][], effective = true) {
  const bytes = Buffer.alloc(4 + 8 * sets.length + (revision === 3 ? 4 : 0));
  bytes.writeUInt32LE(((revision << 24) | (effective ? 1 : 0)) >>> 0, 0);
  sets.forEach(([permitted, inheritable], index) => {
    bytes.writeUInt32LE(permitted >>> 0, 4 + 8 * index);
    bytes.writeUInt32LE(inheritable >>> 0, 8 + 8 * index);
  });
  return bytes;
}

describe('capabilitiesText()', () => {
  test.each([
    // `setcap cap_net_raw+ep`, read back with getfattr.
    [Buffer.from('AQAAAgAgAAAAAAAAAAAAAAAAAAA=', 'base64'), 'cap_net_raw=ep'],
    [
      vfsCapData(2, [
        [1 << 10, 0],
        [1 << (38 - 32), 0],
      ]),
      'cap_net_bind_service,cap_perfmon=ep',
    ],
    [
      vfsCapData(
        3,
        [
          [1 << 12, 1 << 21],
          [0, 0],
        ],
        false,
      ),
      'cap_net_admin=p cap_sys_admin=i',
    ],
    [vfsCapData(1, [[1, 1]]), 'cap_chown=eip'],
    [
      vfsCapData(2, [
        [0, 0],
        [1 << 31, 0],
      ]),
      '63=ep',
    ],
    [
      vfsCapData(2, [
        [0, 0],
        [0, 0],
      ]),
      '=',
    ],
    [
      vfsCapData(9, [
        [1, 0],
        [0, 0],
      ]),
      'not readable',
    ],
    [Buffer.from([1, 0, 0, 2, 1]), 'not readable'],
    [Buffer.alloc(0), 'not readable'],
  ])('tells %j as %s', (bytes, text) => {
    expect(capabilitiesText(bytes)).toBe(text);
  });
});

test('fileCapabilitiesIn() names the files that have some', () => {
  const plain = { type: 'file', mode: 0o755, uid: 0, gid: 0, mtimeSeconds: 0, component: 'x' } as const;
  const value = vfsCapData(2, [
    [1 << 13, 0],
    [0, 0],
  ]).toString('base64');
  const entries = [
    { ...plain, path: 'bin/ping', xattrs: { 'security.capability': value } },
    { ...plain, path: 'bin/sh' },
  ];
  expect(fileCapabilitiesIn(entries)).toEqual({ 'bin/ping': 'cap_net_raw=ep' });
});
