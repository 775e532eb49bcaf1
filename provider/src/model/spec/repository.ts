import { z } from 'zod';
import { ingot, text } from './text.js';

const Auth = z
  .strictObject({
    user: text.min(1).describe('User name.'),
    passwordVariable: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of an environment variable')
      .describe('Environment variable that has the password. It is read when something has to be fetched.'),
  })
  .meta({
    id: 'RepositoryAuth',
    description: 'How to get into a repository. It is in no lock, no state and no message.',
    ...ingot,
  });

export const Repository = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9.-]{0,63}$/, 'must be lower-case letters, digits, dots and dashes, at most 64')
      .optional()
      .describe('What locks call it. It must not change when the repository moves to another address.')
      .meta({ 'x-default': 'what the repository itself gives as its origin' }),
    url: z
      .url({ protocol: /^(https?|file)$/, error: 'must be an address that starts with https://, http:// or file://' })
      .describe(
        'Address that `dists` and `pool` lie under, without user name and password. It is no part of the lock.',
      ),
    suites: z
      .array(
        z
          .string()
          .regex(
            /^(\.?\/|(?!\.{1,2}(\/|$))[A-Za-z0-9._+~:-]+(\/(?!\.{1,2}(\/|$))[A-Za-z0-9._+~:-]+)*\/?)$/,
            'must be the name of a suite, or, for a flat repository, a path that ends in "/"',
          ),
      )
      .min(1)
      .describe('Suites to take packages from. One that ends in `/` is a folder with an index of its own (flat).'),
    components: z
      .array(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._+-]*(\/[A-Za-z0-9._+-]+)*$/, 'must be the name of a component'))
      .optional()
      .describe('Parts of the suites, such as `main`. Flat suites have none; others need at least one.'),
    signedBy: text
      .min(1)
      .describe(
        'The keys whose signatures count for this repository, and for no other: the text of an armoured OpenPGP key, or the path of a file with keys, relative to the spec.',
      ),
    auth: Auth.optional().describe('User name and password, where it asks for them. Needs https.'),
    priority: z
      .int()
      .min(1)
      .max(1000)
      .optional()
      .describe(
        "Of several versions of a package, that of the highest priority is taken; where priorities are the same, the newest. Debian's own archives have 500.",
      )
      .meta({ default: 500 }),
  })
  .meta({
    id: 'Repository',
    description:
      "A vendor's repository of packages, beside Debian's own archives. `docs/sources.md` says more of each option.",
    ...ingot,
    'x-example': `debian:
  repositories:
    - name: vendor
      url: https://packages.example/debian
      suites: [trixie]
      components: [main]
      signedBy: vendor.asc
      auth: { user: ci, passwordVariable: VENDOR_PASSWORD }
      priority: 400
`,
  });
export type Repository = z.infer<typeof Repository>;
