import type { Http } from '../registry/http.js';
import { follow } from '../registry/redirect.js';
import type { Answer } from '../transfer-request.js';

export interface SendOptions {
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** Asks a mirror for a file; user name and password are taken from the address. */
export type Send = (url: URL, options: SendOptions) => Promise<Answer>;

/** Through proxies, where the connections are made with some; else with what Node has. */
export function sendThrough(http: Http | undefined): Send {
  if (http === undefined) return sendDirectly;
  return async (url, { headers, signal }) => {
    const { authorization } = credentialsOf(url);
    const options = { method: 'GET', headers, signal, authorization, mayBePlain: () => true } as const;
    // What comes is verified by signatures and digests, so that it may come in the clear.
    return (await follow(http, bare(url), options)).answer;
  };
}

const sendDirectly: Send = async (url, { headers, signal }) => {
  const answer = await fetch(bare(url), { headers: { ...headers, ...credentialsOf(url) }, signal });
  const { status, body } = answer;
  return {
    status,
    header: (name) => answer.headers.get(name) ?? undefined,
    body: body ?? nothing(),
    discard: async () => body?.cancel(),
  };
};

async function* nothing(): AsyncGenerator<Uint8Array, void, undefined> {}

function credentialsOf(url: URL): { readonly authorization?: string } {
  const credentials = `${decoded(url.username)}:${decoded(url.password)}`;
  return credentials === ':' ? {} : { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` };
}

/** A `%` that begins no escape is one that somebody typed. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Clients refuse addresses with credentials, and repeat them in their errors. */
function bare(url: URL): URL {
  const address = new URL(url);
  address.username = '';
  address.password = '';
  return address;
}
