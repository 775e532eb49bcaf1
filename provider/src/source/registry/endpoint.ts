import { isWithoutTls } from './connection-failure.js';
import { type Credentials, credentialsIn, withoutCredentials } from './credentials.js';
import type { Http } from './http.js';
import { HUB_HOST, registryOf } from './image-name.js';
import { isLoopback } from './loopback.js';
import { mirrorsOf, type RegistryMirrors } from './mirrors.js';

/** A place where the images of a registry can be asked for. */
export interface Endpoint {
  /** Of the API (distribution-spec, "Endpoints"): ends in `/v2`, or in a path under it. */
  readonly root: URL;
  /** By which credentials are found: those of a registry are never for its mirror. */
  readonly registry: string;
  /** Given with the address of a mirror. */
  readonly credentials?: Credentials | undefined;
  readonly isMirror: boolean;
}

export interface EndpointOptions {
  readonly mirrors: RegistryMirrors;
  /** Hosts that are asked without TLS, since the user says so. */
  readonly insecure: ReadonlySet<string>;
}

/** Where to ask for the images of a registry: its mirrors, then itself. */
export function endpointsOf(registry: string, { mirrors, insecure }: EndpointOptions): readonly Endpoint[] {
  const host = registry === 'docker.io' ? HUB_HOST : registry;
  const scheme = insecure.has(registry) || insecure.has(host) ? 'http' : 'https';
  const itself = { root: new URL(`${scheme}://${host}/v2`), registry, isMirror: false };
  return [...mirrorsOf(registry, mirrors).map(mirrorAt), itself];
}

function mirrorAt(address: URL): Endpoint {
  const root = withoutCredentials(address);
  const path = root.pathname.replace(/\/+$/, '');
  root.pathname = /(^|\/)v2(\/|$)/.test(path) ? path : `${path}/v2`;
  return { root, registry: registryOf(root.host), credentials: credentialsIn(address), isMirror: true };
}

/** Whether an address may be asked without TLS: the user says so, or it does not leave this machine. */
export function mayBePlain(url: URL, { mirrors, insecure }: EndpointOptions): boolean {
  if (url.protocol === 'https:' || isLoopback(url.hostname) || insecure.has(url.host)) return true;
  return [...mirrors.values()].flat().some((mirror) => mirror.origin === url.origin);
}

/**
 * The endpoint as it can be reached: a registry on this machine may do without TLS, as Docker has it. One that is not
 * there at all is left as it is, for whoever asks it to find out.
 */
export async function withItsScheme(endpoint: Endpoint, http: Http, signal: AbortSignal): Promise<Endpoint> {
  const { root } = endpoint;
  if (endpoint.isMirror || root.protocol !== 'https:' || !isLoopback(root.hostname)) return endpoint;
  try {
    const answer = await http.send(new URL(`${root.href}/`), { method: 'GET', headers: {}, signal });
    await answer.discard();
    return endpoint;
  } catch (error) {
    signal.throwIfAborted();
    if (!isWithoutTls(error)) throw error;
    const plain = new URL(root);
    plain.protocol = 'http:';
    return { ...endpoint, root: plain };
  }
}
