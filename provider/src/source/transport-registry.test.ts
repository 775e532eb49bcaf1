import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isDigest } from '../model/digest.js';
import { KEPT } from './kept-connections.fixture.js';
import { FixtureBlobs, type FixtureDescriptor } from './oci/image.fixture.js';
import { RegistryClient } from './registry/client.js';
import { transportContract } from './transport.fixture.js';

let blobs: FixtureBlobs;
let server: Server | undefined;
let client: RegistryClient | undefined;

const registry = () => `127.0.0.1:${((server as Server).address() as AddressInfo).port}`;

/** A registry of one image: what the distribution specification says of pulling, and nothing else. */
async function serve(tags: Readonly<Record<string, FixtureDescriptor>>): Promise<void> {
  server = createServer(KEPT, (request, response) => {
    const [, kind, reference = ''] = /^\/v2\/web\/(manifests|blobs)\/(.+)$/.exec(request.url ?? '') ?? [];
    const digest = isDigest(reference) ? reference : kind === 'manifests' ? tags[reference]?.digest : undefined;
    const body = digest && blobs.blobs.get(digest);
    if (body === undefined) {
      response.writeHead(request.url === '/v2/' ? 200 : 404).end('{}');
      return;
    }
    const type = kind === 'manifests' ? 'application/vnd.oci.image.index.v1+json' : 'application/octet-stream';
    response.writeHead(200, { 'content-type': type, 'content-length': body.length }).end(body);
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
}

const stop = async () => {
  server?.closeAllConnections();
  await new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(() => resolve())));
};

transportContract('of registries', {
  make: async () => {
    blobs = new FixtureBlobs();
    const base = { files: { etc: null, 'etc/motd': 'welcome\n' } };
    const image = blobs.addImage({ layers: [base, { files: { 'bin/web': 'x'.repeat(5000) } }] });
    await serve({ '1': blobs.addIndex([image]) });
    return `${registry()}/web:1`;
  },
  paths: ['etc/motd', 'bin/web'],
  damage: () => {
    for (const bytes of blobs.blobs.values()) {
      const at = Math.floor(bytes.length / 2);
      bytes[at] = (bytes[at] as number) ^ 1;
    }
  },
  remove: stop,
  end: async () => {
    await client?.close();
    client = undefined;
    await stop();
    server = undefined;
  },
  unknown: () => `${registry()}/web:2`,
  unknownMessage: /web:2/,
  options: () => ({
    registries: async () => {
      client ??= await RegistryClient.open({ environment: {} });
      return client;
    },
  }),
});
