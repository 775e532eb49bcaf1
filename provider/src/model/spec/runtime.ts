import { z } from 'zod';
import { text } from './text.js';

export const Mount = z
  .strictObject({
    destination: text
      .optional()
      .describe('Where it appears.')
      .meta({ 'x-default': 'the usual place of `proc`, `sysfs`, `devpts`, `mqueue` and `cgroup`' }),
    type: text
      .optional()
      .describe('File system type, such as `bind` or `tmpfs`.')
      .meta({ 'x-default': 'the source, where that is the name of a type' }),
    source: text
      .optional()
      .describe('What is mounted: a device, or for `bind` a path or the name of a volume.')
      .meta({ 'x-default': 'the type' }),
    options: z.array(text).optional().describe('Mount options, such as `ro` or `nosuid`.'),
  })
  .meta({ id: 'Mount', description: 'A file system that is mounted for a container.' });
export type Mount = z.infer<typeof Mount>;

export const BindNamespaces = z
  .strictObject({
    cgroup: text.optional().describe('Path that keeps the control group namespace.'),
    ipc: text.optional().describe('Path that keeps the IPC namespace.'),
    mnt: text.optional().describe('Path that keeps the mount namespace.'),
    net: text.optional().describe('Path that keeps the network namespace, such as `/run/netns/web`.'),
    pid: text.optional().describe('Path that keeps the process namespace.'),
    user: text.optional().describe('Path that keeps the user namespace.'),
    uts: text.optional().describe('Path that keeps the host name namespace.'),
  })
  .meta({
    id: 'BindNamespaces',
    description: "Paths that a container's namespaces are bound to, so that other containers can join them.",
  });

const NetworkInterface = z
  .strictObject({
    name: text.optional().describe('Name of the interface in the container.'),
    add: text.optional().describe('Type of interface to make, such as `veth`; without it, `name` is moved in.'),
    peer: text.optional().describe('Name of the other end of a `veth` pair.'),
    createInRoot: z.boolean().optional().describe('Make it outside first, then move it in.').meta({ default: false }),
  })
  .meta({ id: 'NetworkInterface', description: 'A network interface that a container is given.' });

export const Runtime = z
  .strictObject({
    cgroups: z.array(text).optional().describe('Control groups to make before the container starts.'),
    mounts: z.array(Mount).optional().describe('File systems to mount outside the container before it starts.'),
    mkdir: z.array(text).optional().describe('Directories to make before the container starts.'),
    interfaces: z.array(NetworkInterface).optional().describe('Network interfaces to give to the container.'),
    bindNS: BindNamespaces.optional().describe('Where to keep its namespaces for others to join.'),
    namespace: text
      .optional()
      .describe("Namespace of the service in containerd; only LinuxKit's own init looks at it."),
  })
  .meta({
    id: 'Runtime',
    description: 'What is prepared outside a container before it starts.',
    'x-example': `services:
  - name: web
    image: deb:lighttpd
    binds: ["/var/lib/web:/var/lib/web"]
    runtime:
      mkdir: [/var/lib/web]
`,
  });
