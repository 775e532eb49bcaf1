import { z } from 'zod';
import { ingot } from './text.js';

/** As useradd(8) wants names to be. */
const ACCOUNT_NAME = /^[a-z_][a-z0-9_-]{0,31}$/;
const ACCOUNT_RULE =
  'must be at most 32 lower-case letters, digits, dashes and underscores, and start with a letter or "_"';
/** Without what separates the fields and lines of passwd(5). */
const accountPath = z.string().regex(/^\/[^:\p{Cc}]*$/u, 'must start with "/", and have no ":" and no line breaks');
const id = z.int().min(0).max(0xfffffffe);

export const User = z
  .strictObject({
    name: z.string().regex(ACCOUNT_NAME, ACCOUNT_RULE).describe('Name of the user.'),
    uid: id.describe('Number of the user.'),
    gid: id
      .optional()
      .describe('Number of its group. Where no group has that number, one with the name of the user is made.')
      .meta({ 'x-default': 'the same number as `uid`' }),
    home: accountPath
      .optional()
      .describe('Home directory; made, for this user alone, where it is missing.')
      .meta({ 'x-default': '`/nonexistent`, which is not made' }),
    shell: accountPath.optional().describe('Program that a login runs.').meta({ default: '/bin/false' }),
    groups: z
      .array(z.string().regex(ACCOUNT_NAME, ACCOUNT_RULE))
      .optional()
      .describe('More groups that it is in; one that is missing is made, with a number that follows from its name.')
      .meta({ 'x-default': 'none' }),
  })
  .meta({
    id: 'User',
    description:
      'A user of the machine, beside those that its init and packages bring; one of theirs with the same name is replaced. No user has a password. Containers have users of their own: those of their images. Owners in `files` can be given by these names.',
    ...ingot,
    'x-example': `users:
  - name: deploy
    uid: 1000
    home: /home/deploy
    shell: /bin/sh
    groups: [operators]
`,
  });
export type User = z.infer<typeof User>;
