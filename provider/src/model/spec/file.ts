import { z } from 'zod';
import { RemoteSource } from './remote-source.js';
import { idValue, octalMode, text } from './text.js';

export const FileEntry = z
  .strictObject({
    path: text.min(1).describe('Where it goes in the image; the slash at the start may be left out.'),
    directory: z.boolean().optional().describe('Make a directory.').meta({ default: false }),
    symlink: text.optional().describe('Make a symbolic link to this path.'),
    contents: z.string().optional().describe('The text of the file itself.'),
    source: z
      .union([text.min(1), RemoteSource])
      .optional()
      .describe(
        'A file to take the content from: a path relative to the spec, or one that starts with `/`; or (Ingot only) the address of a file, with its digest.',
      ),
    metadata: z.enum(['json', 'yaml']).optional().describe('Write the whole spec into the file, in this format.'),
    optional: z
      .boolean()
      .optional()
      .describe('Leave the file out where its `source` is missing.')
      .meta({ default: false }),
    mode: octalMode
      .optional()
      .describe('Permissions, in octal and in quotes.')
      .meta({ 'x-default': '`"0600"`, and `"0700"` for a directory; what is unpacked has its own' }),
    uid: idValue
      .optional()
      .describe(
        'User that owns it: a number, `root`, one of `users`, or the name of a container for the id that it was given.',
      )
      .meta({ default: 0 }),
    gid: idValue.optional().describe('Group that owns it, in the same forms as `uid`.').meta({ default: 0 }),
  })
  .meta({
    id: 'FileEntry',
    description:
      'A file, directory or symbolic link that is laid into the root. One of `contents`, `source`, `symlink`, ' +
      '`directory` and `metadata` says which. Directories on the way that are not there yet get its owner and its mode, ' +
      'made searchable.',
    'x-example': `files:
  - path: etc/motd
    contents: "Welcome\\n"
    mode: "0644"
  - path: srv/www/index.html
    source: index.html
    mode: "0644"
  - path: var/lib/app
    directory: true
    mode: "0755"
  - path: etc/localtime
    symlink: /usr/share/zoneinfo/UTC
`,
  });
export type FileEntry = z.infer<typeof FileEntry>;

/** The path of a `files` entry in the form that trees use: no slash at either end. */
export function imagePath(path: string): string {
  return path.replace(/^\//, '').replace(/\/$/, '');
}
