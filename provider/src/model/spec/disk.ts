import { z } from 'zod';
import { SERIAL_BYTES } from '../boot.js';
import { ingot } from './text.js';

/** Without spaces, which separate the fields of what the guest reads. */
const place = z
  .string()
  .max(1024, 'must be at most 1024 characters long')
  .regex(
    /^\/[A-Za-z0-9_.+-]+(\/[A-Za-z0-9_.+-]+)*$/,
    'must start with "/", and have only letters, digits, dots, dashes, underscores and "+" in its parts',
  );

export const Disk = z
  .strictObject({
    label: z
      .string()
      .regex(/^[A-Za-z0-9_.-]{1,16}$/, 'must be 1 to 16 letters, digits, dots, dashes and underscores')
      .optional()
      .describe(
        'Label of its file system; it gets this one when it is formatted. Without `serial` and `path`, a disk whose file ' +
          'system has this label is taken, or else the one disk of the machine that is empty.',
      )
      .meta({ 'x-default': 'none' }),
    serial: z
      .string()
      .regex(/^[A-Za-z0-9_.-]{1,64}$/, 'must be 1 to 64 letters, digits, dots, dashes and underscores')
      .optional()
      .describe(
        `What the disk says of itself: the serial number of a virtio disk (at most ${SERIAL_BYTES} characters) or of an ` +
          'NVMe disk, such as an EBS volume (`vol0123…`), or the last word of a SCSI identifier, such as the name of a ' +
          'persistent disk of Compute Engine.',
      )
      .meta({ 'x-default': 'any' }),
    path: place
      .regex(/^\/dev\//, 'must start with "/dev/"')
      .optional()
      .describe('Its device, such as `/dev/vdb`, or that of a partition.')
      .meta({ 'x-default': 'any' }),
    mount: place.describe('Where it is mounted.'),
    filesystem: z
      .enum(['ext4'])
      .optional()
      .describe('The file system that it has, and that it gets once, if it is empty.')
      .meta({ default: 'ext4' }),
    logBytes: z
      .int()
      .min(65536)
      .max(2 ** 40)
      .optional()
      .describe(
        'Keep the logs of all containers on this disk, in its folder `ingot-log`, instead of in memory: of each container ' +
          'at most this many bytes, the newest. One disk can have them.',
      )
      .meta({ 'x-default': 'none: logs are in memory' }),
    optional: z
      .boolean()
      .optional()
      .describe('Start without it where it is missing or cannot be used; the console says so.')
      .meta({ default: false }),
  })
  .meta({
    id: 'Disk',
    description:
      "A disk for what has to outlive the machine, for images with Ingot's own init. At boot it is waited for, formatted " +
      'if it is empty, checked, mounted, and grown to the size that it has. What is not empty is never formatted: a disk ' +
      'with something else on it, or one that is missing, fails the boot.',
    ...ingot,
    'x-example': `disks:
  - label: data
    mount: /var/lib/data
services:
  - name: db
    image: docker.io/example/db:1
    binds:
      - /var/lib/data:/data
`,
  });
export type Disk = z.infer<typeof Disk>;
