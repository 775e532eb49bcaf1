import * as pulumi from '@pulumi/pulumi';
import * as ingot from 'pulumi-ingot';

const config = new pulumi.Config();
const port = config.getNumber('port') ?? 8080;

const image = new ingot.Image('web', { spec: 'web.yml' });

// Some machines behind one port. A changed image replaces them one after the other: the first new one has to stay
// healthy for a while, and where one fails, the old ones stay.
const fleet = new ingot.local.Fleet('web', {
  image,
  // The first new machine is the test.
  untested: true,
  count: config.getNumber('machines') ?? 3,
  memoryMiB: 256,
  ports: [{ host: port, guest: 80 }],
  health: { http: { port: 80, path: config.get('healthPath') ?? '/' }, timeoutSeconds: 15 },
  strategy: { surge: 1, canary: 1, bakeSeconds: 3 },
});

export const url = fleet.url;
export const machines = fleet.machines.apply((all) => all.map(({ id, digest }) => `${id} ${digest.slice(0, 19)}`));
