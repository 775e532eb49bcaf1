import * as pulumi from '@pulumi/pulumi';
import * as ingot from 'pulumi-ingot';

const port = new pulumi.Config().getNumber('port') ?? 8080;

// An operating system: kernel, web server and page, as web.yml says. A preview shows what changes inside it.
const image = new ingot.Image('web', { spec: 'web.yml' });

// A machine that boots it. A changed image means another machine: it takes the port over once it is healthy.
const machine = new ingot.local.Instance('web', {
  image,
  ports: [{ host: port, guest: 80 }],
  health: { http: { port: 80, path: '/' } },
});

export const url = machine.url;
