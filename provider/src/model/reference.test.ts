import { describe, expect, test } from 'vitest';
import { localReferenceText, packageFilesIn, parseReference, withoutPaths } from './reference.js';

const DIGEST = `sha256:${'ab'.repeat(32)}`;

test.each([
  ['oci:images', { transport: 'oci', path: 'images', image: '' }],
  ['oci:images:web:1', { transport: 'oci', path: 'images', image: 'web:1' }],
  [`oci:images@${DIGEST}`, { transport: 'oci', path: 'images', image: DIGEST }],
  ['oci-archive:./a.tar', { transport: 'oci-archive', path: './a.tar', image: '' }],
  ['docker-archive:/a.tar:web:1', { transport: 'docker-archive', path: '/a.tar', image: 'web:1' }],
  ['dir:a:b@c', { transport: 'dir', path: 'a:b@c', image: '' }],
  ['dir:', { transport: 'dir', path: '', image: '' }],
] as const)('parseReference() finds path and image of %s, and localReferenceText() writes it', (text, local) => {
  expect(parseReference(text)).toMatchObject({ transport: local.transport, text, local });
  expect(localReferenceText(local)).toBe(text);
});

test('parseReference() counts the digest where there is a tag too', () => {
  expect(parseReference(`oci:images:web@${DIGEST}`).local).toMatchObject({ path: 'images', image: DIGEST });
});

test.each(['linuxkit/init:v1', 'docker.io/library/oci:1', 'localhost:5000/dir', 'busybox'])(
  'parseReference() takes %s for an image in a registry',
  (text) => {
    expect(parseReference(text)).toEqual({ transport: 'registry', name: text, text });
  },
);

describe('references with package files', () => {
  test.each([
    ['deb:nginx,curl=1.0', [], 'deb:nginx,curl=1.0'],
    ['deb:./a/my_1.0_amd64.deb,nginx', ['./a/my_1.0_amd64.deb'], 'deb:my_1.0_amd64.deb,nginx'],
    ['deb:my.deb', ['my.deb'], 'deb:my.deb'],
    ['dir:a/b.deb', [], 'dir:a/b.deb'],
    ['registry.example/x.deb', [], 'registry.example/x.deb'],
  ])('packageFilesIn() and withoutPaths() of %s', (text, files, inLock) => {
    expect(packageFilesIn(text)).toEqual(files);
    expect(withoutPaths(text)).toBe(inLock);
  });
});
