import { createPrivateKey, sign } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface TokenServerOptions {
  readonly certificate: string;
  readonly key: string;
  /** `user:password` of the one who may do everything. Others may pull what is in `public/`. */
  readonly credentials: string;
  /** Given instead of a password. */
  readonly identity: string;
}

export interface TokenServer {
  readonly realm: string;
  /** What it was asked: method, scopes, and whether there were credentials. */
  readonly asked: string[];
  stop(): Promise<void>;
}

/** A token server as a registry trusts it (distribution: token.md, jwt.md, oauth2.md). */
export async function startTokenServer(options: TokenServerOptions): Promise<TokenServer> {
  const key = createPrivateKey(await readFile(options.key));
  const chain = [(await readFile(options.certificate, 'utf8')).replace(/-----[^-]*-----|\s/g, '')];
  const asked: string[] = [];
  const tokenFor = (scopes: readonly string[], isOwner: boolean) => {
    const now = Math.floor(Date.now() / 1000);
    const access = scopes.map((scope) => {
      const [type = '', name = '', actions = ''] = scope.split(':');
      const isAllowed = (action: string) => isOwner || (action === 'pull' && name.startsWith('public/'));
      return { type, name, actions: actions.split(',').filter(isAllowed) };
    });
    const claims = {
      iss: 'tokens',
      sub: 'jo',
      aud: 'registry',
      exp: now + 300,
      nbf: now - 10,
      iat: now,
      jti: 'x',
      access,
    };
    const text = [{ typ: 'JWT', alg: 'RS256', x5c: chain }, claims]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.');
    return `${text}.${sign('RSA-SHA256', Buffer.from(text), key).toString('base64url')}`;
  };
  const server = createServer((request, response) => {
    void handle(request).then(({ status, body }) => response.writeHead(status).end(JSON.stringify(body)));
  });
  const handle = async (request: IncomingMessage) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (request.method === 'POST') {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const form = new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
      asked.push(`POST ${form.get('scope')}`);
      if (form.get('refresh_token') !== options.identity) return { status: 401, body: {} };
      return {
        status: 200,
        body: { access_token: tokenFor((form.get('scope') ?? '').split(' '), true), expires_in: 300 },
      };
    }
    const scopes = url.searchParams.getAll('scope');
    const { authorization } = request.headers;
    const wanted = `Basic ${Buffer.from(options.credentials).toString('base64')}`;
    asked.push(`GET ${scopes.join(' ')}${authorization === undefined ? '' : ' with credentials'}`);
    if (authorization !== undefined && authorization !== wanted) return { status: 401, body: {} };
    return { status: 200, body: { token: tokenFor(scopes, authorization === wanted) } };
  };
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    realm: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token?kept=yes`,
    asked,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
