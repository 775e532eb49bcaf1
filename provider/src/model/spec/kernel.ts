import { z } from 'zod';
import { ingot, text } from './text.js';

export const Kernel = z
  .strictObject({
    image: text.min(1).describe('Where the kernel comes from, such as `deb:linux-image-cloud-amd64`.'),
    cmdline: text
      .optional()
      .describe('Kernel command line.')
      .meta({ 'x-default': '`console=ttyS0 quiet cryptomgr.notests panic=-1`, and on arm64 `console=ttyAMA0` too' }),
    binary: text.optional().describe('File of the image that is the kernel.').meta({ default: 'kernel' }),
    tar: text
      .nullable()
      .optional()
      .describe(
        'Archive in the image that is unpacked into the root, for modules; `none` or an empty text for no archive.',
      )
      .meta({ default: 'kernel.tar' }),
    ucode: text
      .optional()
      .describe('File of the image with processor microcode, loaded before all else.')
      .meta({ 'x-default': 'none' }),
    modules: z
      .union([z.enum(['default', 'all']), z.array(text)])
      .optional()
      .describe(
        'Which modules of a `deb:` kernel go into the image: `default` (what virtual machines and clouds need), `all`, ' +
          'or a list of names added to the default.',
      )
      .meta({ default: 'default', ...ingot }),
  })
  .meta({
    id: 'Kernel',
    description: 'The kernel that the machine boots.',
    'x-example': `kernel:
  image: deb:linux-image-cloud-amd64
  cmdline: console=ttyS0
  modules: [wireguard]
`,
  });
export type Kernel = z.infer<typeof Kernel>;
