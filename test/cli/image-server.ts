import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A registry with images that have no layers, which is enough to pin them. */
export class ImageServer implements AsyncDisposable {
  readonly requests: string[] = [];
  readonly #manifests = new Map<string, Buffer>();
  readonly #blobs = new Map<string, Buffer>();
  readonly #server = createServer((request, response) => {
    const path = request.url ?? '';
    this.requests.push(path);
    const [, manifest, blob] = /^\/v2\/(?:([^/]+\/manifests\/.+)|[^/]+\/blobs\/(.+))$/.exec(path) ?? [];
    const body = this.#manifests.get(manifest ?? '') ?? this.#blobs.get(blob ?? '');
    if (path === '/v2/') response.writeHead(200).end();
    else if (body === undefined) response.writeHead(404).end();
    else {
      const type = manifest === undefined ? 'application/octet-stream' : 'application/vnd.oci.image.manifest.v1+json';
      response.writeHead(200, { 'content-type': type, 'content-length': body.length }).end(body);
    }
  });

  static async start(): Promise<ImageServer> {
    const server = new ImageServer();
    await new Promise<void>((listening) => server.#server.listen(0, '127.0.0.1', listening));
    return server;
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Puts an image under a tag; another text makes it another image. Returns the digest of its manifest. */
  publish(name: string, tag: string, text: string): string {
    const config = this.#blob({
      architecture: 'amd64',
      os: 'linux',
      config: { Labels: { text } },
      rootfs: { type: 'layers', diff_ids: [] },
    });
    const manifest = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...config },
        layers: [],
      }),
    );
    const digest = digestOf(manifest);
    this.#manifests.set(`${name}/manifests/${tag}`, manifest);
    this.#manifests.set(`${name}/manifests/${digest}`, manifest);
    return digest;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((closed) => this.#server.close(closed));
  }

  #blob(value: unknown): { readonly digest: string; readonly size: number } {
    const bytes = Buffer.from(JSON.stringify(value));
    const digest = digestOf(bytes);
    this.#blobs.set(digest, bytes);
    return { digest, size: bytes.length };
  }
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
