import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeError } from '../../model/error.js';
import { readSpec } from './read-spec.js';

test('readSpec() says once that a file is not there, and where it was looked for', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'ingot-spec-'));
  try {
    const error = await readSpec(['web.yml'], directory).catch((thrown: unknown) => thrown);
    expect(describeError(error)).toBe(
      `Cannot read the spec web.yml: there is no such file in ${directory}; paths are relative to that folder`,
    );
    const whole = join(directory, 'web.yml');
    await expect(readSpec([whole], '/')).rejects.toThrow(
      `Cannot read the spec ${whole}: there is no such file; give the path of a YAML file`,
    );
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
