import * as pulumi from '@pulumi/pulumi';
import * as ingot from 'pulumi-ingot';

const config = new pulumi.Config();
const port = config.getNumber('port') ?? 6379;
const sizeMiB = config.getNumber('sizeMiB') ?? 256;
// A disk is protected unless the program says otherwise: without the resource, its data is gone.
const protect = config.getBoolean('protect') ?? true;

const image = new ingot.Image('db', { spec: 'db.yml' });

// What has to outlive machines and images. db.yml mounts it, by the name of this resource.
const disk = new ingot.local.Disk('data', { sizeMiB }, { protect });

// A disk is in one machine at a time: another image ends the old machine first, then starts the new one.
const machine = new ingot.local.Instance('db', {
  image,
  disks: [disk],
  ports: [{ host: port, guest: 6379 }],
  health: { tcp: { port: 6379 } },
});

export const endpoint = machine.endpoints[0];
export const file = disk.file;
