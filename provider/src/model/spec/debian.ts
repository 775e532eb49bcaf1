import { z } from 'zod';
import { Repository } from './repository.js';
import { ingot } from './text.js';

const archiveUrl = z.url({ protocol: /^https?$/, error: 'must be an address that starts with http:// or https://' });

export const Debian = z
  .strictObject({
    suite: z
      .string()
      .regex(/^[a-z]+$/, 'must be a code name such as "trixie"')
      .optional()
      .describe('The Debian release that `deb:` references are resolved in.')
      .meta({ default: 'trixie', ...ingot }),
    mirror: archiveUrl
      .optional()
      .describe('Where to fetch packages from. It is no part of the lock: every mirror has the same packages.')
      .meta({ 'x-default': 'from the settings, or from the apt configuration of the machine that builds', ...ingot }),
    securityMirror: archiveUrl
      .optional()
      .describe('Where to fetch security updates from. It is no part of the lock.')
      .meta({ 'x-default': 'from the settings, or from the apt configuration of the machine that builds', ...ingot }),
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
