import { type Lock, type PinnedPackage, type Spec, sha256 } from '../../model/index.js';
import { deb, imageConfig, inputOf, layer, lockOf, program } from '../layers.fixture.js';
import type { SbomInput } from './sbom-input.js';

/** An image with all that an SBOM knows: for tests only. */

const PASSWD = 'root:*:0:0:root:/root:/bin/sh\n';
const DPKG_STATUS = `Package: libc6
Status: install ok installed
Architecture: amd64
Source: glibc (2.36-9)
Version: 2.36-9+deb12u4

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1
`;
const COPYRIGHT = `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: *
License: BSD-3-clause

Files: a
License: GPL-2+ or Expat
 Some text.

Files: b
License: permissive
`;
const APK =
  'C:Q1x=\nP:musl\nV:1.2.5-r0\nA:x86_64\nL:MIT\no:musl\n\nP:ssl_client\nV:1.36.1-r29\nA:x86_64\nL:GPL2 or so\no:busybox\n';

function pinned(name: string, version: string, rest: Partial<PinnedPackage> = {}): PinnedPackage {
  const path = `pool/main/${name[0]}/${name}/${name}_${version}_amd64.deb`;
  return { name, version, architecture: 'amd64', digest: sha256(name), sizeBytes: 1, archive: 'main', path, ...rest };
}

const SPEC: Spec = {
  kernel: { image: 'deb:linux-image-cloud-amd64', cmdline: 'quiet' },
  services: [
    { name: 'web', image: 'deb:lighttpd', command: ['lighttpd'] },
    { name: 'again', image: 'deb:lighttpd', command: ['lighttpd'] },
    { name: 'old', image: 'debian:12', command: ['x'] },
    { name: 'small', image: 'registry.example:5000/team/alpine:3.20', command: ['x'] },
  ],
  files: [
    { path: 'srv/index.html', contents: 'hello', mode: '0644' },
    { path: 'srv/zwei', contents: '', mode: '0644' },
  ],
};

export function sbomInput(change: Partial<SbomInput> = {}, lock: Partial<Lock> = {}): SbomInput {
  const debian = (packages: PinnedPackage[]) => ({ kind: 'debian' as const, suite: 'trixie', packages });
  const base = lockOf(SPEC);
  const whole = lockOf(SPEC, {
    pins: {
      ...base.pins,
      'deb:linux-image-cloud-amd64': debian([pinned('linux-image-6.12-cloud-amd64', '6.12.57-1')]),
      'deb:lighttpd': debian([
        pinned('base-passwd', '3.6.7'),
        pinned('libcrypt1', '1:4.4.38-1+b1', {
          path: 'pool/main/libx/libxcrypt/libcrypt1_4.4.38-1+b1_amd64.deb',
        }),
        pinned('lighttpd', '1.4.79-2'),
        pinned('tool', '1', { archive: 'vendor', path: 'tool_1.deb' }),
      ]),
    },
    guest: {
      version: 4,
      digest: sha256('guest'),
      pin: debian([
        pinned('busybox-static', '1:1.37.0-6'),
        pinned('unused', '1'),
        pinned('systemd-boot-efi', '257.9-1'),
      ]),
    },
    ...lock,
  });
  const guest = { picks: [{ package: 'busybox-static', from: 'usr/bin/busybox' }], files: [] };
  return {
    ...inputOf(
      SPEC,
      {
        'deb:lighttpd': [
          deb('base-passwd', { 'usr/share/base-passwd/passwd.master': PASSWD }),
          deb('lighttpd', { 'usr/bin/lighttpd': program(), 'usr/share/doc/lighttpd/copyright': COPYRIGHT }),
        ],
        'debian:12': [
          layer({
            etc: null,
            'etc/passwd': PASSWD,
            'usr/lib/os-release': 'ID=debian\nVERSION_ID="12"\n',
            'var/lib/dpkg/status': DPKG_STATUS,
            'bin/x': program(),
          }),
        ],
        'registry.example:5000/team/alpine:3.20': [
          layer({
            'etc/os-release': "NAME='Alpine'\nID=alpine\nVERSION_ID=3.20.1\n",
            'etc/passwd': PASSWD,
            'lib/apk/db/installed': APK,
            'bin/x': program(),
          }),
        ],
      },
      {
        lock: whole,
        images: new Map([
          ['debian:12', imageConfig()],
          ['registry.example:5000/team/alpine:3.20', imageConfig()],
        ]),
        kernel: layer(
          { 'boot/kernel': 'MZ', 'usr/lib/modules/6.12-cloud-amd64/modules.dep': '' },
          { name: 'linux-image-6.12-cloud-amd64', version: '6.12.57-1' },
        ),
        guest: {
          root: guest,
          initramfs: { picks: [], files: [] },
          layers: [deb('busybox-static', { 'usr/bin/busybox': program() })],
        },
      },
    ),
    ...change,
  };
}
