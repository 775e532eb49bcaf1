import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { sha256 } from '../../model/digest.js';
import { useInvalidNames } from '../invalid-names.fixture.js';
import { KEPT } from '../kept-connections.fixture.js';
import { RegistryClient, type RegistrySettings } from './client.js';
import { parseImageName } from './image-name.js';
import { openRegistry, type RegistrySource } from './registry.js';

export const never: AbortSignal = new AbortController().signal;
/** Servers that answer may take their time: the limit is against hanging alone. */
export const patience = { attempts: 4, firstDelayMs: 1, stallMs: 200_000 };
/** For servers that are meant to be found silent. On a busy machine others seem so, too: some attempts are to spare. */
export const impatience = { ...patience, attempts: 10, stallMs: 1000 };

export const manifest = Buffer.from('{"schemaVersion":2}\n');
export const mediaType = 'application/vnd.oci.image.manifest.v1+json';
export const body = Buffer.from(Array.from({ length: 500_000 }, (_, at) => (at * at) >> 3));
export const digest = sha256(body);
export const BLOB = `/v2/team/app/blobs/${digest}`;
export const MANIFEST = '/v2/team/app/manifests/1.0';

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** Says what it is told to, one answer after the other, the last one again and again; by path where that is given. */
export class FakeServer {
  readonly requests: IncomingMessage[] = [];
  answers: Answer[];
  readonly byPath = new Map<string, Answer>();
  readonly #server: Server;

  private constructor(server: Server, first: Answer) {
    this.#server = server;
    this.answers = [first];
  }

  static async start(first: Answer): Promise<FakeServer> {
    const server = createServer(KEPT);
    const fake = new FakeServer(server, first);
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      fake.requests.push(request);
      const path = (request.url ?? '').split('?')[0] ?? '';
      const answer = fake.byPath.get(path) ?? (fake.answers.length > 1 ? fake.answers.shift() : fake.answers[0]);
      answer?.(request, response);
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    return fake;
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get http(): Server {
    return this.#server;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    if (this.#server.listening) await new Promise((closed) => this.#server.close(closed));
  }
}

export interface OpenOptions extends Partial<RegistrySettings> {
  readonly name?: string;
  readonly auths?: unknown;
  readonly signal?: AbortSignal;
  readonly patience?: typeof patience;
}

/** What a test has around it; made anew for each. */
export interface Surroundings {
  readonly folder: string;
  readonly server: FakeServer;
  /** Another origin. */
  readonly store: FakeServer;
  readonly clients: RegistryClient[];
}

/** Starts the servers before each test, and stops them after it; names under `.invalid` are nobody's. */
export function useServers(): Surroundings {
  useInvalidNames();
  const around = {} as { -readonly [Name in keyof Surroundings]: Surroundings[Name] };
  beforeEach(async () => {
    around.folder = await mkdtemp(join(tmpdir(), 'ingot-registry-'));
    around.server = await FakeServer.start(theManifest);
    around.store = await FakeServer.start(whole);
    around.clients = [];
  });
  afterEach(async () => {
    await Promise.all(around.clients.map((client) => client.close()));
    await Promise.all([around.server.stop(), around.store.stop()]);
    await rm(around.folder, { recursive: true, force: true });
  });
  return around;
}

/** The repository `team/app` of the server, or another, asked by somebody with these credentials in their files. */
export async function openIn(around: Surroundings, options: OpenOptions = {}): Promise<RegistrySource> {
  const { folder, server, clients } = around;
  const { name = `${server.host}/team/app`, auths, signal = never, patience: own = patience, ...settings } = options;
  const REGISTRY_AUTH_FILE = join(folder, 'auth.json');
  if (auths !== undefined) await writeFile(REGISTRY_AUTH_FILE, JSON.stringify({ auths }));
  const environment = { HOME: folder, REGISTRY_AUTH_FILE, ...settings.environment };
  const client = await RegistryClient.open({ insecure: [server.host], ...settings, environment });
  clients.push(client);
  return openRegistry(parseImageName(name), { client, signal, patience: own });
}

/** All that is left of the blob from a place on. */
export function blobOf(source: RegistrySource, offset = 0, signal: AbortSignal = never): Promise<Buffer> {
  return gather(source.blob(digest, { sizeBytes: body.length, offset, signal }));
}

export async function gather(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const gathered: Uint8Array[] = [];
  for await (const chunk of chunks) gathered.push(chunk);
  return Buffer.concat(gathered);
}

export const theManifest: Answer = (_, response) =>
  response.writeHead(200, { 'content-type': mediaType }).end(manifest);
export const whole: Answer = (_, response) => response.end(body);
export const status =
  (code: number, headers: Record<string, string> = {}, text = 'an error page'): Answer =>
  (_, response) => {
    response.writeHead(code, headers).end(text);
  };
export const broken =
  (bytes: number): Answer =>
  (_, response) => {
    response.writeHead(200, { 'content-length': body.length });
    response.write(body.subarray(0, bytes), () => response.destroy());
  };
export const ranged: Answer = (request, response) => {
  const [, first] = /^bytes=(\d+)-$/.exec(request.headers.range ?? '') ?? [];
  if (first === undefined) return whole(request, response);
  const from = Number(first);
  response
    .writeHead(206, { 'content-range': `bytes ${from}-${body.length - 1}/${body.length}` })
    .end(body.subarray(from));
};
export const silent: Answer = () => undefined;
export const halfSilent: Answer = (_, response) => {
  response.writeHead(200, { 'content-length': body.length });
  response.write(body.subarray(0, 1000));
};
export const redirect = (to: string, code = 307): Answer => status(code, { location: to }, '');
/** Lets in who has one of these tokens or passwords; others are told to ask `realm`. */
export const guarded =
  (challenge: string, accepted: readonly string[], then: Answer): Answer =>
  (request, response) => {
    if (accepted.includes(request.headers.authorization ?? '')) then(request, response);
    else status(401, { 'www-authenticate': challenge })(request, response);
  };
export const json =
  (value: unknown): Answer =>
  (_, response) =>
    response.end(JSON.stringify(value));
export const auth = (text: string) => ({ auth: Buffer.from(text).toString('base64') });
export const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
export const bearerAt = (host: string) =>
  `Bearer realm="http://${host}/token",service="s",scope="repository:team/app:pull"`;

/** Says nothing of how much comes. */
export const pieces =
  (...chunks: readonly (string | Buffer)[]): Answer =>
  (_, response) => {
    for (const chunk of chunks) response.write(chunk);
    response.end();
  };
/** Sends until the other side has had enough. */
export function flood(response: ServerResponse): void {
  const chunk = Buffer.alloc(1 << 16, ' ');
  const more = (): void => {
    while (!response.destroyed && response.write(chunk));
  };
  response.on('drain', more);
  more();
}
