import { z } from 'zod';
import { Repository } from './repository.js';
import { ingot } from './text.js';

const archiveUrl = z.url({ protocol: /^https?$/, error: 'must be an address that starts with http:// or https://' });

export const Debian = z
  .strictObject({
    distribution: z
      .enum(['debian', 'ubuntu'])
      .optional()
      .describe('Whose archives `deb:` references are resolved in. With `ubuntu` a `suite` is needed.')
      .meta({ default: 'debian', ...ingot }),
    suite: z
      .string()
      .regex(/^[a-z]+$/, 'must be a code name such as "trixie"')
      .optional()
      .describe('The release that `deb:` references are resolved in, by its code name.')
      .meta({ default: 'trixie', ...ingot }),
    mirror: archiveUrl
      .optional()
      .describe('Where to fetch packages from. It is no part of the lock: every mirror has the same packages.')
      .meta({ 'x-default': 'from the settings, or from the apt configuration of the machine that builds', ...ingot }),
    securityMirror: archiveUrl
      .optional()
      .describe('Where to fetch security updates from. It is no part of the lock.')
      .meta({ 'x-default': 'from the settings, or from the apt configuration of the machine that builds', ...ingot }),
    snapshot: z
      .string()
      .regex(/^https?:\/\/[^\s@]+$/, 'must be an address that starts with http:// or https://, without user name')
      .optional()
      .describe(
        'Archive that keeps what mirrors have dropped: `{archive}` in its address stands for `debian` or `debian-security`, `{time}` for when a package was pinned (`20261122T180000Z`). It is no part of the lock.',
      )
      .meta({ 'x-default': 'from the settings, or none', ...ingot }),
    repositories: z
      .array(Repository)
      .optional()
      .describe("Vendors' repositories, beside Debian's own archives.")
      .meta({ 'x-default': 'none', ...ingot }),
  })
  .meta({
    id: 'Debian',
    description: 'Where `deb:` references find their packages.',
    ...ingot,
    'x-example': `debian:
  suite: trixie
  mirror: http://debian.example/debian
`,
  });
export type Debian = z.infer<typeof Debian>;
