import { z } from 'zod';
import { text } from './text.js';

export const Volume = z
  .strictObject({
    name: z
      .string()
      .max(128, 'must be at most 128 characters long')
      .regex(/^[a-z0-9_-]+$/, 'must be lower-case letters, digits, dashes and underscores')
      .describe('Name of the volume, by which `binds` and `mounts` of containers refer to it.'),
    image: text
      .optional()
      .describe('What it holds at boot, such as `deb:nginx` or a container image.')
      .meta({ 'x-default': 'nothing' }),
    readonly: z
      .boolean()
      .optional()
      .describe('Let no container write to it: each bind of it must have the option `ro`.')
      .meta({ default: false }),
    format: z
      .enum(['filesystem', 'oci'])
      .optional()
      .describe('What of the image it holds: `filesystem`, its files, or `oci`, the image itself in an OCI layout.')
      .meta({ default: 'filesystem' }),
    platforms: z
      .array(text)
      .optional()
      .describe("For which platforms it holds the image, with the format `oci`; none but the machine's own can be.")
      .meta({ 'x-default': "the machine's own" }),
  })
  .meta({
    id: 'Volume',
    description:
      'A folder of the machine that containers share. What they write to it is kept in memory, and gone when the machine ' +
      'stops.',
    'x-example': `volumes:
  - name: site
    image: docker.io/example/site:1
    readonly: true
  - name: scratch
services:
  - name: web
    image: deb:lighttpd
    command: [lighttpd, -D, -f, /etc/lighttpd/lighttpd.conf]
    binds:
      - site:/srv/www:ro
      - scratch:/var/tmp
`,
  });
export type Volume = z.infer<typeof Volume>;
