import { describe, expect, test } from 'vitest';
import type { Contents } from '../model/contents.js';
import { bootOverBudget, imageOverBudget } from './budget.js';

const CONTENTS: Contents = {
  packages: { crun: '1.21-1', lighttpd: '1.4.79-2' },
  images: {},
  services: {},
  kernel: { version: '6.12', commandLine: '', modules: 1 },
  files: {},
  components: {
    files: '2 files, 304 bytes, sha256:1',
    kernel: '900 files, 60000000 bytes, sha256:2',
    'services/web/packages': '300 files, 12000000 bytes, sha256:3',
  },
  setuid: [],
  users: {},
  sizes: { rootBytes: 72_000_304, files: 1202 },
  runtime: { recipe: 1, guest: '1', platform: 'linux/amd64' },
};

describe('imageOverBudget()', () => {
  test('says nothing of what is within it, to the byte', () => {
    expect(imageOverBudget(CONTENTS, { budget: {} })).toEqual([]);
    expect(imageOverBudget(CONTENTS, { budget: { rootSizeBytes: 72_000_304, packages: 2 } })).toEqual([]);
  });

  test('names the largest parts, and those that have grown', () => {
    const budget = { rootSizeBytes: 72_000_303 };
    expect(imageOverBudget(CONTENTS, { budget })).toEqual([
      'Cannot keep to the budget: all files together have 72.0 MB, and rootSizeBytes allows 72.0 MB; the largest parts are kernel (60.0 MB), services/web/packages (12.0 MB), files (304 bytes)',
    ]);
    const components = { ...CONTENTS.components, 'services/web/packages': '300 files, 2000000 bytes, sha256:3' };
    const [reason] = imageOverBudget(CONTENTS, { budget, before: { ...CONTENTS, components } });
    expect(reason).toMatch(/; larger than in the image that is deployed are services\/web\/packages \(\+10\.0 MB\)$/);
  });

  test('names the packages that are new', () => {
    const budget = { packages: 1 };
    const before = { ...CONTENTS, packages: { crun: '1.20-1' } };
    expect(imageOverBudget(CONTENTS, { budget, before })).toEqual([
      'Cannot keep to the budget: there are 2 packages, and packages allows 1; not in the image that is deployed are lighttpd 1.4.79-2',
    ]);
    expect(imageOverBudget(CONTENTS, { budget })[0]).toMatch(/packages allows 1$/);
  });

  test('counts what a description has cut short', () => {
    const packages = { a: '1', '…': '41 more, sha256:1' };
    expect(imageOverBudget({ ...CONTENTS, packages }, { budget: { packages: 41 } })[0]).toContain('42 packages');
  });
});

describe('bootOverBudget()', () => {
  const bootSeconds = { started: 0.1, healthy: 4.2, 'guest.ready': 3 };

  test('judges each phase that it has a limit for', () => {
    const record = { accelerator: 'kvm', bootSeconds } as const;
    expect(bootOverBudget(record, {})).toBeUndefined();
    expect(bootOverBudget(record, { bootSeconds: { healthy: 4.2 } })).toBeUndefined();
    expect(bootOverBudget(record, { bootSeconds: { healthy: 4, 'guest.ready': 2.5 } })).toBe(
      'Cannot pass the boot test: the image works, but healthy came after 4.2 s, and budget.bootSeconds allows 4 s; guest.ready came after 3 s, and budget.bootSeconds allows 2.5 s',
    );
  });

  test('does not pass where a phase was never told of', () => {
    const record = { accelerator: 'hvf', bootSeconds: { healthy: 1 } } as const;
    expect(bootOverBudget(record, { bootSeconds: { 'guest.raedy': 1 } })).toMatch(
      /guest\.raedy was never told of \(there were healthy\)/,
    );
  });

  test('does not judge emulation', () => {
    expect(bootOverBudget({ accelerator: 'tcg', bootSeconds }, { bootSeconds: { healthy: 1 } })).toBeUndefined();
  });
});
