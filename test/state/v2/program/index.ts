import * as ingot from 'pulumi-ingot';
const image = new ingot.Image('web', { spec: 'web.yml', root: 'disk', budget: { rootSizeBytes: 200_000_000 } });
const disk = new ingot.local.Disk('data', { sizeMiB: 16 });
const tested = new ingot.BootTest('web', { image, probes: [{ http: { port: 80 } }], timeoutSeconds: 60 });
new ingot.local.ImageFile('web', { image: tested, directory: '/srv/web/pool', keep: 2 });
const port = (host: number) => [{ host, guest: 80 }];
const health = { http: { port: 80 } };
new ingot.local.Instance('web', {
  image, disks: [disk], userData: '{"role":"web"}', secrets: { token: 'not a secret' }, firmware: 'uefi', memoryMiB: 768,
  ports: port(18124), health,
});
new ingot.local.Fleet('webs', { image, untested: true, count: 2, ports: port(18125), health, memoryMiB: 512 });
