import { z } from 'zod';
import type { Platform } from './platform.js';
import { Certificates } from './spec/certificate.js';
import { Container } from './spec/container.js';
import { Debian } from './spec/debian.js';
import { Disk } from './spec/disk.js';
import { FileEntry } from './spec/file.js';
import { Kernel } from './spec/kernel.js';
import { Network } from './spec/network.js';
import { Ready } from './spec/ready.js';
import { ingot, text } from './spec/text.js';
import { User } from './spec/user.js';
import { Volume } from './spec/volume.js';

/**
 * What the user writes: LinuxKit's YAML schema (docs/yaml.md there), plus the options marked with `ingot`.
 * The one source of the types, of the validation, of the SDK's input type, of docs/spec.md and of the JSON Schema;
 * `node scripts/generate-spec.mjs` writes the last three. Unknown keys are refused.
 */

export { CAPABILITIES, RLIMITS } from './spec/capability.js';
export { Certificates } from './spec/certificate.js';
export { Container, Device, IdMapping } from './spec/container.js';
export { Debian } from './spec/debian.js';
export { Disk } from './spec/disk.js';
export { FileEntry, imagePath } from './spec/file.js';
export { Kernel } from './spec/kernel.js';
export { MOST_NAME_SERVERS, Network, NetworkCard } from './spec/network.js';
export { READY_DEFAULTS, Ready } from './spec/ready.js';
export { RemoteSource } from './spec/remote-source.js';
export { Repository } from './spec/repository.js';
export { Resources } from './spec/resources.js';
export { BindNamespaces, Mount, Runtime } from './spec/runtime.js';
export {
  HEALTH_DEFAULTS,
  Health,
  RESTART_DEFAULTS,
  Restart,
  STOP_DEFAULTS,
  Stop,
  supervision,
} from './spec/supervision.js';
export { User } from './spec/user.js';
export { Volume } from './spec/volume.js';

/** LinuxKit's fixed time for generated files, 2017-04-18T16:30:00Z (facts: moby/dir.go). */
export const DEFAULT_SOURCE_DATE_EPOCH = 1492533000;
export const DEFAULT_SUITE = 'trixie';
export const DEFAULT_PLATFORM = 'linux/amd64';
/** Quiet, since a serial console is slow; a panic ends the machine at once instead of leaving a dead one behind. */
const COMMAND_LINE = 'quiet cryptomgr.notests panic=-1';
/**
 * The console of an Arm machine is a PL011 (QEMU) or a 16550 (EC2): of those named here, the last one that is there.
 * Without any, programs cannot open /dev/console.
 */
export const DEFAULT_COMMAND_LINE: Readonly<Record<Platform, string>> = {
  'linux/amd64': `console=ttyS0 ${COMMAND_LINE}`,
  'linux/arm64': `console=ttyS0 console=ttyAMA0 ${COMMAND_LINE}`,
};

export const Spec = z
  .strictObject({
    kernel: Kernel.optional().describe('The kernel that the machine boots.'),
    init: z
      .array(text.min(1))
      .optional()
      .describe('Images laid into the root, in order; they bring the init that runs the containers.')
      .meta({ 'x-default': "Ingot's own init" }),
    onboot: z.array(Container).optional().describe('Containers run one after the other at boot, before the services.'),
    onshutdown: z.array(Container).optional().describe('Containers run one after the other at shutdown.'),
    services: z.array(Container).optional().describe('Containers that run as long as the machine does.'),
    volumes: z.array(Volume).optional().describe('Folders that containers share, by their names.'),
    files: z.array(FileEntry).optional().describe('Files laid into the root last, over all else.'),
    packages: z
      .array(text)
      .optional()
      .describe(
        "Debian packages laid into the machine's own root with all that they need, each `NAME`, `NAME=VERSION` or `FILE.deb`. Files of the init win over theirs.",
      )
      .meta({ 'x-default': 'none', ...ingot }),
    users: z
      .array(User)
      .optional()
      .describe('Users of the machine.')
      .meta({ 'x-default': 'those that its init and packages bring', ...ingot }),
    ca: z
      .array(Certificates)
      .optional()
      .describe(
        "Certificates of authorities that the machine's own root trusts, and every container that has a CA bundle, beside those in it: PEM text, or a file with it.",
      )
      .meta({ 'x-default': 'none', ...ingot }),
    disks: z
      .array(Disk)
      .optional()
      .describe('Disks beside the one that the machine boots from.')
      .meta({ 'x-default': 'none', ...ingot }),
    network: Network.optional()
      .describe('How the machine gets its addresses and name servers.')
      .meta({ 'x-default': 'every network card asks DHCP', ...ingot }),
    ntp: z
      .array(
        z
          .string()
          .regex(
            /^[A-Za-z0-9:]([A-Za-z0-9.:-]{0,251}[A-Za-z0-9:])?$/,
            'must be the name or address of a server, such as "time.example"',
          ),
      )
      .optional()
      .describe('Time servers of machines that get none from their provider or their network.')
      .meta({ 'x-default': "those of the machine's provider", ...ingot }),
    ready: Ready.optional().describe('When the machine is ready, and how it says so.').meta(ingot),
    root: z
      .enum(['disk', 'ram'])
      .optional()
      .describe(
        'Where the machine has its root: `disk`, read as it is needed, or `ram`, carried to it at boot. It matters to formats that can do both; `kernel+initrd` is in memory always.',
      )
      .meta({ 'x-default': 'what the format does by itself', ...ingot }),
    hostname: z
      .string()
      .regex(
        /^(?=.{1,64}$)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$/,
        'must be a host name: at most 64 letters, digits, dashes and dots',
      )
      .optional()
      .describe('Host name of machines that get none from their metadata.')
      .meta(ingot),
    platform: z
      .enum(['linux/amd64', 'linux/arm64'])
      .optional()
      .describe('What the image runs on.')
      .meta({ default: DEFAULT_PLATFORM, ...ingot }),
    sourceDateEpoch: z
      .int()
      .min(0)
      .max(0xffffffff)
      .optional()
      .describe('The only time that reaches an image, in seconds since 1970.')
      .meta({ default: DEFAULT_SOURCE_DATE_EPOCH, ...ingot }),
    debian: Debian.optional().describe('Where `deb:` references find their packages.').meta(ingot),
  })
  .meta({
    id: 'Spec',
    description: 'What an image is made of.',
    'x-example': `kernel:
  image: deb:linux-image-cloud-amd64
  cmdline: console=ttyS0
services:
  - name: web
    image: deb:lighttpd
    command: [lighttpd, -D, -f, /etc/lighttpd/lighttpd.conf]
files:
  - path: srv/www/index.html
    contents: "<h1>Hello</h1>\\n"
    mode: "0644"
`,
  });
/** A validated spec, nothing defaulted. */
export type Spec = z.infer<typeof Spec>;
