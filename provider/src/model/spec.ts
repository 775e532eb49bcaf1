import { z } from 'zod';

/**
 * What the user writes: LinuxKit's YAML schema (docs/yaml.md there), plus the fields marked "Ingot".
 * The one source of the types, of the validation, and of the reference page. Unknown keys are refused.
 */

const idValue = z.union([z.int().min(0).max(0xfffffffe), z.string()]);

export const BindNamespaces = z.strictObject({
  cgroup: z.string().optional(),
  ipc: z.string().optional(),
  mnt: z.string().optional(),
  net: z.string().optional(),
  pid: z.string().optional(),
  user: z.string().optional(),
  uts: z.string().optional(),
});

export const Mount = z.strictObject({
  destination: z.string().optional().describe('Where it appears in the container.'),
  type: z.string().optional().describe('File system type, such as `bind` or `tmpfs`.'),
  source: z.string().optional(),
  options: z.array(z.string()).optional(),
});

export const Runtime = z.strictObject({
  cgroups: z.array(z.string()).optional(),
  mounts: z.array(Mount).optional(),
  mkdir: z.array(z.string()).optional().describe('Folders to make before the container starts.'),
  interfaces: z
    .array(
      z.strictObject({
        name: z.string().optional(),
        add: z.string().optional(),
        peer: z.string().optional(),
        createInRoot: z.boolean().optional(),
      }),
    )
    .optional(),
  bindNS: BindNamespaces.optional(),
  namespace: z.string().optional(),
});

export const Device = z.strictObject({
  path: z.string(),
  type: z.string(),
  major: z.int(),
  minor: z.int(),
  mode: z.string().optional(),
});

export const IdMapping = z.strictObject({ hostID: z.int(), containerID: z.int(), size: z.int() });

export const Container = z.strictObject({
  name: z
    .string()
    .regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/, 'must be letters, digits, dots, dashes or underscores')
    .describe('Name of the container; names its folder in the image.'),
  image: z.string().min(1).describe('Where its root file system comes from, such as `deb:lighttpd`.'),
  capabilities: z.array(z.string()).optional().describe('Capabilities it is given; none by default.'),
  'capabilities.add': z.array(z.string()).optional(),
  ambient: z.array(z.string()).optional(),
  mounts: z.array(Mount).optional(),
  binds: z.array(z.string()).optional().describe('`source:destination[:options]`.'),
  'binds.add': z.array(z.string()).optional(),
  devices: z.array(Device).optional(),
  tmpfs: z.array(z.string()).optional().describe('`destination[:options]`: writable folders in memory.'),
  command: z.array(z.string()).optional().describe("What to run, instead of the image's own entry point."),
  env: z.array(z.string()).optional().describe('`NAME=value`.'),
  cwd: z.string().optional(),
  net: z.string().optional().describe('Network namespace: `host` (the default here), `none`, `new`, or a path.'),
  pid: z.string().optional(),
  ipc: z.string().optional(),
  uts: z.string().optional(),
  userns: z.string().optional(),
  readonly: z.boolean().optional().describe('Mount the root file system read-only.'),
  maskedPaths: z.array(z.string()).optional(),
  readonlyPaths: z.array(z.string()).optional(),
  uid: idValue.optional(),
  gid: idValue.optional(),
  additionalGids: z.array(idValue).optional(),
  noNewPrivileges: z.boolean().optional(),
  hostname: z.string().optional(),
  oomScoreAdj: z.int().optional(),
  rootfsPropagation: z.string().optional(),
  cgroupsPath: z.string().optional(),
  resources: z.record(z.string(), z.json()).optional(),
  sysctl: z.record(z.string(), z.string()).optional(),
  rlimits: z.array(z.string()).optional().describe('`name,soft,hard`, each a number or `unlimited`.'),
  uidMappings: z.array(IdMapping).optional(),
  gidMappings: z.array(IdMapping).optional(),
  annotations: z.record(z.string(), z.string()).optional(),
  runtime: Runtime.optional(),
});
export type Container = z.infer<typeof Container>;

export const Kernel = z.strictObject({
  image: z.string().min(1).describe('Where the kernel comes from, such as `deb:linux-image-cloud-amd64`.'),
  cmdline: z.string().optional().describe('Kernel command line.'),
  binary: z.string().optional(),
  tar: z.string().nullable().optional(),
  ucode: z.string().optional(),
  modules: z
    .union([z.enum(['default', 'all']), z.array(z.string())])
    .optional()
    .describe(
      'Ingot: which modules of a `deb:` kernel go into the image: `default` (virtual machines and clouds), `all`, ' +
        'or names added to the default.',
    ),
});
export type Kernel = z.infer<typeof Kernel>;

export const FileEntry = z.strictObject({
  path: z.string().min(1).describe('Where it goes in the image.'),
  directory: z.boolean().optional(),
  symlink: z.string().optional(),
  contents: z.string().optional().describe('The text itself.'),
  source: z.string().optional().describe('A file beside the spec.'),
  metadata: z.enum(['json', 'yaml']).optional(),
  optional: z.boolean().optional().describe('A missing `source` is no error.'),
  mode: z
    .string()
    .regex(/^0?[0-7]{1,4}$/, 'must be an octal string such as "0644"')
    .optional(),
  uid: idValue.optional(),
  gid: idValue.optional(),
});
export type FileEntry = z.infer<typeof FileEntry>;

export const Debian = z.strictObject({
  suite: z
    .string()
    .regex(/^[a-z]+$/, 'must be a code name such as "trixie"')
    .optional()
    .describe('Ingot: the Debian release that `deb:` references are resolved in. Default: trixie.'),
  mirror: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('Ingot: where to fetch from; never part of the lock.'),
  securityMirror: z.url({ protocol: /^https?$/ }).optional(),
});

export const Spec = z.strictObject({
  kernel: Kernel.optional(),
  init: z.array(z.string()).optional().describe("Images laid into the root. Without them: Ingot's own init."),
  onboot: z.array(Container).optional().describe('Containers run once at boot, in order.'),
  onshutdown: z.array(Container).optional(),
  services: z.array(Container).optional().describe('Containers that run as long as the machine does.'),
  files: z.array(FileEntry).optional().describe('Files laid into the root last.'),
  hostname: z.string().optional().describe('Ingot: host name of machines that get none from their metadata.'),
  platform: z.enum(['linux/amd64', 'linux/arm64']).optional().describe('Ingot: default linux/amd64.'),
  sourceDateEpoch: z
    .int()
    .min(0)
    .max(0xffffffff)
    .optional()
    .describe('Ingot: the only time that reaches an image, in seconds since 1970. Default: 1492533000.'),
  debian: Debian.optional(),
});
/** A validated spec, nothing defaulted. */
export type Spec = z.infer<typeof Spec>;

/** LinuxKit's fixed time for generated files, 2017-04-18T16:30:00Z (facts: moby/dir.go). */
export const DEFAULT_SOURCE_DATE_EPOCH = 1492533000;
export const DEFAULT_SUITE = 'trixie';
export const DEFAULT_PLATFORM = 'linux/amd64';
