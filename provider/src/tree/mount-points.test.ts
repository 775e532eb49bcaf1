import { describe, expect, test } from 'vitest';
import { makeMountPoints } from './mount-points.js';
import { find, newFolder, newSymlink, plainFolder, put } from './root.js';

const PLAIN = plainFolder('services/web', 0);

function points(...mounts: { destination: string; type?: string; source?: string }[]) {
  const root = newFolder(PLAIN);
  put(root, 'etc/hosts', newSymlink('x', PLAIN), PLAIN);
  makeMountPoints(root, mounts, { isFile: (path) => path === '/etc/web.conf', plain: PLAIN });
  return root;
}

describe('makeMountPoints()', () => {
  test('makes folders with their parents, and a file where a file is bound', () => {
    const root = points(
      { destination: '/srv/web/', type: 'bind', source: '/srv/web' },
      { destination: '/etc/web.conf', type: 'bind', source: '/etc/web.conf' },
    );
    expect(find(root, 'srv/web')?.type).toBe('directory');
    expect(find(root, 'etc/web.conf')).toMatchObject({ type: 'file', mode: 0o644, component: 'services/web' });
  });

  test('leaves what is there, and what lies beneath another mount', () => {
    const root = points({ destination: '/dev', type: 'tmpfs' }, { destination: '/dev/pts' }, { destination: '/etc' });
    expect(find(root, 'dev/pts')).toBeUndefined();
    expect(find(root, 'etc')).toMatchObject({ type: 'directory' });
    expect([...root.children.keys()]).toEqual(['etc', 'dev']);
  });

  test('makes nothing outside the root', () => {
    const root = points({ destination: '/../../up', type: 'tmpfs' });
    expect([...root.children.keys()]).toEqual(['etc', 'up']);
  });
});
