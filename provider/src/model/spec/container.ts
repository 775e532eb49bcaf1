import { z } from 'zod';
import { Resources } from './resources.js';
import { Mount, Runtime } from './runtime.js';
import { NAME, supervision } from './supervision.js';
import { idValue, octalMode, text } from './text.js';

export const Device = z
  .strictObject({
    path: text
      .min(1)
      .describe('Path of the device node, or `all` to allow every device of the type without making nodes.'),
    type: z
      .enum(['a', 'b', 'c', 'u', 'p'])
      .describe('`c` or `u` character, `b` block, `p` fifo; `a` (any) only with `all`.'),
    major: z.int().min(0).optional().describe('Major number; needed unless the path is `all`.'),
    minor: z.int().min(0).optional().describe('Minor number; needed unless the path is `all`.'),
    mode: octalMode.optional().describe('Permissions of the node, in octal; needed unless the path is `all`.'),
  })
  .meta({ id: 'Device', description: 'A device that a container may use.' });

const linuxId = z.int().min(0).max(0xffffffff);

export const IdMapping = z
  .strictObject({
    hostID: linuxId.describe('First id outside.'),
    containerID: linuxId.describe('First id in the container.'),
    size: linuxId.describe('How many ids are mapped.'),
  })
  .meta({ id: 'IdMapping', description: 'A range of user or group ids of a user namespace.' });

const image = { 'x-default': "the image's own" } as const;
const none = { 'x-default': 'none' } as const;
const unlessHardened = { 'x-default': 'where it is `hardened` the usual ones, else none' } as const;
const shared = { 'x-default': '`host`' } as const;

export const Container = z
  .strictObject({
    name: z
      .string()
      .max(128, 'must be at most 128 characters long')
      .regex(NAME, 'must be letters, digits, dots, dashes and underscores, and start with a letter or digit')
      .describe('Name of the container; services must differ in it. It names the folder in the image.'),
    image: text.min(1).describe('Where its root file system comes from, such as `deb:lighttpd`.'),
    capabilities: z
      .array(text)
      .optional()
      .describe(
        'Capabilities that it has, such as `CAP_NET_ADMIN`; `all` or `none` alone stand for all or none of them.',
      )
      .meta(none),
    'capabilities.add': z
      .array(text)
      .optional()
      .describe("Capabilities added to those that the image's label asks for."),
    ambient: z
      .array(text)
      .optional()
      .describe('Ambient capabilities: those that programs run by a user other than root keep.')
      .meta(none),
    mounts: z.array(Mount).optional().describe('File systems to mount, over those that every container has.'),
    binds: z
      .array(text)
      .optional()
      .describe(
        'Paths of the machine, or volumes by their names, to show in the container: `source:destination[:options]`. Options: `rw,rbind,rshared` where none are given.',
      ),
    'binds.add': z.array(text).optional().describe("Binds added to those that the image's label asks for."),
    devices: z.array(Device).optional().describe('Devices that it may use.').meta(none),
    tmpfs: z.array(text).optional().describe('Writable directories in memory: `destination[:options]`.'),
    command: z
      .array(text)
      .optional()
      .describe("What to run, in place of the image's entry point and arguments.")
      .meta(image),
    env: z.array(text).optional().describe("Environment, each `NAME=value`, in place of the image's.").meta(image),
    cwd: text
      .optional()
      .describe('Directory that the command starts in.')
      .meta({ 'x-default': "the image's own, or `/`" }),
    net: text
      .optional()
      .describe(
        'Network namespace: `host` to share that of the machine, `new` or `none` for an empty one, or a path to join.',
      )
      .meta(shared),
    pid: text
      .optional()
      .describe('Process namespace: `new`, `host` to see all processes of the machine, or a path to join.')
      .meta({ 'x-default': '`new`' }),
    ipc: text.optional().describe('IPC namespace: `host`, `new`, or a path to join.').meta(shared),
    uts: text.optional().describe('Host name namespace: `host`, `new`, or a path to join.').meta(shared),
    userns: text
      .optional()
      .describe('User namespace: `host`, `new` (with `uidMappings` and `gidMappings`), or a path to join.')
      .meta(shared),
    readonly: z.boolean().optional().describe('Mount its root file system read-only.').meta({ default: false }),
    maskedPaths: z.array(text).optional().describe('Paths that it cannot see.').meta(unlessHardened),
    readonlyPaths: z.array(text).optional().describe('Paths that it cannot write to.').meta(unlessHardened),
    uid: idValue
      .optional()
      .describe(
        'User that it runs as: a number, a user of the image, or the name of a container for the id that it was given.',
      )
      .meta({ default: 0 }),
    gid: idValue.optional().describe('Group that it runs as, in the same forms as `uid`.').meta({ default: 0 }),
    additionalGids: z.array(idValue).optional().describe('More groups, in the same forms as `uid`.').meta(none),
    noNewPrivileges: z
      .boolean()
      .optional()
      .describe('Keep its programs from gaining privileges, as through setuid files.')
      .meta({ 'x-default': '`true` where it is `hardened`, else `false`' }),
    hostname: text.optional().describe('Host name in the container; needs `uts: new`.'),
    oomScoreAdj: z
      .int()
      .min(-1000)
      .max(1000)
      .optional()
      .describe('How readily it is killed when the machine is out of memory: from -1000 (never) to 1000.'),
    rootfsPropagation: z
      .enum(['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave', 'unbindable', 'runbindable'])
      .optional()
      .describe('Whether mounts made inside are seen outside, and the other way round.'),
    cgroupsPath: text.optional().describe('Path of its control group.'),
    resources: Resources.optional().describe('Limits on memory, processor time, processes and devices.').meta(none),
    sysctl: z
      .record(text, text)
      .optional()
      .describe('Kernel settings of its namespaces; values are texts, such as `net.ipv4.ip_forward: "1"`.'),
    rlimits: z
      .array(text)
      .optional()
      .describe('Limits of its processes: `name,soft,hard`, each a number or `unlimited`, such as `nofile,1024,4096`.'),
    uidMappings: z.array(IdMapping).optional().describe('User ids of its user namespace.'),
    gidMappings: z.array(IdMapping).optional().describe('Group ids of its user namespace.'),
    annotations: z
      .record(text, text)
      .optional()
      .describe("Notes for the container runtime, copied to the container's configuration."),
    runtime: Runtime.optional().describe('What is prepared outside before it starts.'),
    ...supervision,
  })
  .meta({
    id: 'Container',
    description:
      'A container: run once in `onboot` and `onshutdown`, kept running in `services`. What is left out comes from the ' +
      "image's `org.mobyproject.config` label, and then from the image's configuration, where they say it.",
    'x-example': `services:
  - name: web
    image: deb:lighttpd
    command: [lighttpd, -D, -f, /etc/lighttpd/lighttpd.conf]
    capabilities: [CAP_NET_BIND_SERVICE, CAP_SETUID, CAP_SETGID]
    binds:
      - /srv/www:/srv/www:ro
    tmpfs: [/run, "/tmp:mode=1777"]
    rlimits: ["nofile,4096,4096"]
    readonly: true
`,
  });
export type Container = z.infer<typeof Container>;
