import { z } from 'zod';
import { ingot } from './text.js';

export const RemoteSource = z
  .strictObject({
    url: z
      .url({ protocol: /^https?$/, error: 'must be an address that starts with http:// or https://' })
      .describe(
        'Where it is fetched from, without user name and password. It is no part of the lock: the digest says what it is.',
      ),
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/, 'must be the 64 lower-case hexadecimal digits that sha256sum prints')
      .describe('Digest of the file as it is fetched, as sha256sum prints it.'),
    unpack: z
      .boolean()
      .optional()
      .describe(
        'Lay what is in it, a tar archive (plain, or compressed with gzip, xz or zstd), into the folder at `path`. Modes are those of the archive; owners are `uid` and `gid`.',
      )
      .meta({ default: false }),
  })
  .meta({
    id: 'RemoteSource',
    description: 'A file that is fetched, once, and only if it has the digest that is asked for.',
    ...ingot,
    'x-example': `files:
  - path: opt/tool
    source:
      url: https://downloads.example/tool-1.2.tar.gz
      sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
      unpack: true
`,
  });
export type RemoteSource = z.infer<typeof RemoteSource>;
