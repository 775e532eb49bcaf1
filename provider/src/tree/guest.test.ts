import { describe, expect, test } from 'vitest';
import { type GuestOptions, layGuest } from './guest.js';
import { deb, listing, program } from './layers.fixture.js';
import { newFolder, plainFolder } from './root.js';

const busybox = deb('busybox-static', { 'bin/busybox': program('busybox') });
const libc = deb('libc6', {
  'usr/lib/x86_64-linux-gnu/libc.so.6': program('libc'),
  'usr/lib/x86_64-linux-gnu/libm.so.6': { link: 'libm-2.41.so' },
  'usr/lib/x86_64-linux-gnu/libm-2.41.so': program('libm!'),
  'usr/lib/x86_64-linux-gnu/dangling.so': { link: 'nowhere' },
  'usr/lib/x86_64-linux-gnu/sub/libc.so.6': 'other',
});

function lay(options: Partial<GuestOptions>): Record<string, string> {
  const root = newFolder(plainFolder('init', 9));
  layGuest(root, {
    layers: [busybox, libc],
    picks: [],
    files: [],
    version: 3,
    architecture: 'amd64',
    hostname: undefined,
    component: 'init',
    mtimeSeconds: 9,
    ...options,
  });
  return listing(root);
}

describe('layGuest()', () => {
  test('makes a plain system without a date', () => {
    const entries = lay({ hostname: 'box' });
    expect(entries).toMatchObject({
      bin: '-> usr/bin',
      lib64: '-> usr/lib64',
      'etc/resolv.conf': '-> /run/resolvconf/resolv.conf',
      'etc/hostname': '0644 0:0 4',
      'etc/shadow': expect.stringMatching(/^0600 0:0 /),
      tmp: '1777 0:0 directory',
    });
    expect(lay({})).not.toHaveProperty('etc/hostname');
    expect(lay({ architecture: 'arm64' })).not.toHaveProperty('lib64');
  });

  test('takes files by glob, through the merged /usr, and what a link leads to in its place', () => {
    const entries = lay({
      picks: [
        { package: 'busybox-static', from: 'usr/bin/busybox' },
        { package: 'busybox-static', from: 'bin/busybox', to: 'sbin/bb' },
        { package: 'libc6', from: 'usr/lib/*-linux-gnu/libc.so.6' },
        { package: 'libc6', from: 'usr/lib/*/libm.so.*' },
      ],
    });
    expect(entries).toMatchObject({
      'usr/bin/busybox': '0755 0:0 7',
      'usr/sbin/bb': '0755 0:0 7',
      'usr/lib/x86_64-linux-gnu/libc.so.6': '0755 0:0 4',
      'usr/lib/x86_64-linux-gnu/libm.so.6': '0755 0:0 5',
    });
    expect(entries).not.toHaveProperty('usr/lib/x86_64-linux-gnu/sub/libc.so.6');
  });

  test('brings its own files, which win', () => {
    const bytes = Buffer.from('#!/bin/sh');
    const entries = lay({
      files: [
        { path: 'init', mode: 0o755, bytes },
        { path: 'etc/os-release', mode: 0o600, bytes },
        { path: 'usr/bin/sh', mode: 0o777, link: 'busybox' },
        { path: 'run', mode: 0o700, directory: true },
        { path: 'etc/ingot', mode: 0o711, directory: true },
      ],
    });
    expect(entries).toMatchObject({
      init: '0755 0:0 9',
      'etc/os-release': '0600 0:0 9',
      'usr/bin/sh': '-> busybox',
      run: '0700 0:0 directory',
      'etc/ingot': '0711 0:0 directory',
    });
  });

  test.each([
    [{ package: 'libc6', from: 'usr/lib/libz.so' }, 'the package libc6 has no such file'],
    [{ package: 'libc7', from: 'usr/bin/x' }, 'the package libc7 is not there'],
    [{ package: 'libc6', from: 'usr/lib/*/libm*', to: 'm' }, 'the package libc6 has 2 such files, wanted one'],
    [{ package: 'libc6', from: 'usr/lib/*/dangling.so' }, 'leads to no file'],
  ])('refuses %j', (pick, message) => {
    expect(() => lay({ picks: [pick] })).toThrow(message);
  });
});
