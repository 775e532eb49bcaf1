import { expect, test } from 'vitest';
import { endingOf } from './format-names.js';

test('endingOf() lets kernel+initrd and kernel+erofs lie side by side, which have the kernel alone in common', () => {
  const roles = ['kernel', 'initrd', 'erofs', 'cmdline'];
  const endings = new Set(roles.map((role) => endingOf('kernel+erofs', role)));
  expect(['kernel', 'initrd', 'cmdline'].filter((role) => endings.has(endingOf('kernel+initrd', role)))).toEqual([
    'kernel',
  ]);
});
