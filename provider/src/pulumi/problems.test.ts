import { expect, test } from 'vitest';
import { z } from 'zod';
import { failuresOfIssues } from './problems.js';

const Inputs = z.strictObject({
  ports: z.array(z.strictObject({ host: z.int().min(1).max(65535) })),
  cpus: z.int().min(1),
  share: z.number().positive(),
  format: z.enum(['tar', 'oci']),
  name: z.string().min(1).max(3),
  path: z.string().startsWith('/').optional(),
  words: z.array(z.string()).min(1, 'it needs a program').optional(),
});
const GOOD = { ports: [], cpus: 1, share: 1, format: 'tar', name: 'a' };

test.each([
  [{ ports: [{ host: 80 }, { host: 80_000 }] }, 'ports', '[1].host: it must be 65535 or less'],
  [{ ports: [{ host: '80' }] }, 'ports', '[0].host: it must be a number'],
  [{ ports: [{ host: 80, gest: 80 }] }, 'ports', '[0]: there is no "gest"'],
  [{ ports: 80 }, 'ports', 'it must be an array'],
  [{ cpus: 0 }, 'cpus', 'it must be 1 or more'],
  [{ cpus: 1.5 }, 'cpus', 'it must be a whole number'],
  [{ cpus: undefined }, 'cpus', 'it must be a number'],
  [{ share: 0 }, 'share', 'it must be more than 0'],
  [{ format: 'zip' }, 'format', 'it must be "tar" or "oci"'],
  [{ name: '' }, 'name', 'it must not be empty'],
  [{ path: 'a' }, 'path', 'it must start with /'],
  [{ words: [] }, 'words', 'it needs a program'],
  [{ name: 'abcd' }, 'name', 'it must have 3 characters or fewer'],
])('failuresOfIssues() says what was wanted, of %j', (wrong, property, reason) => {
  const { error } = Inputs.safeParse({ ...GOOD, ...wrong });
  expect(failuresOfIssues(error as z.ZodError)).toEqual([{ property, reason }]);
});
