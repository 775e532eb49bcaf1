import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Answers as a provider's metadata service does; what it does not know is not found. */
export type Service = (request: IncomingMessage, response: ServerResponse) => string | undefined;

/** A metadata service for a machine in QEMU. Ends with `await using`. */
export class MetadataServer implements AsyncDisposable {
  readonly requests: string[] = [];
  readonly #server: Server;

  private constructor(service: Service) {
    this.#server = createServer((request, response) => {
      this.requests.push(`${request.method} ${request.url}`);
      const text = service(request, response);
      if (text === undefined && response.statusCode === 200) response.statusCode = 404;
      response.end(text ?? 'no');
    });
  }

  static async start(service: Service): Promise<MetadataServer> {
    const server = new MetadataServer(service);
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** A network card whose other end is this server, at the address that every provider has it at. */
  get devices(): string[] {
    const network = [
      ...['user', 'id=metadata', 'restrict=on', 'net=169.254.169.0/24', 'host=169.254.169.1', 'dns=169.254.169.3'],
      ...['dhcpstart=169.254.169.15', `guestfwd=tcp:169.254.169.254:80-cmd:busybox nc 127.0.0.1 ${this.port}`],
    ];
    return ['-netdev', network.join(','), '-device', 'virtio-net-pci,netdev=metadata,romfile='];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** EC2's, that says these things, by path. IMDSv2: without a token there is nothing. */
export function ec2(said: Readonly<Record<string, string>>): Service {
  return ({ method, url = '', headers }, response) => {
    if (method === 'PUT' && url === '/latest/api/token') {
      if (headers['x-aws-ec2-metadata-token-ttl-seconds'] !== undefined) return 'a token==';
    }
    if (headers['x-aws-ec2-metadata-token'] !== 'a token==') {
      response.statusCode = 401;
      return undefined;
    }
    return said[url.replace('/latest/', '')];
  };
}

/** Compute Engine's, that says these things, by path. */
export function computeEngine(said: Readonly<Record<string, string>>): Service {
  return ({ url = '', headers }, response) => {
    if (headers['metadata-flavor'] !== 'Google') {
      response.statusCode = 403;
      return undefined;
    }
    return said[url.replace('/computeMetadata/v1/', '')];
  };
}
