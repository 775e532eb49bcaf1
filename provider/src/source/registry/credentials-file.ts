import { readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { Credentials } from './credentials.js';
import { HUB_NAMES, registryOf } from './image-name.js';
import type { Environment } from './proxy.js';

const text = z.string();

/** One entry of `auths`. Keys that are for others are left alone. */
const Auth = z.object({
  auth: text.optional(),
  username: text.optional(),
  password: text.optional(),
  identitytoken: text.optional(),
  registrytoken: text.optional(),
});

/** What Docker and Podman keep of who one is (docker/cli: config.json; containers-auth.json(5)). */
const ConfigurationFile = z.object({
  auths: z.record(text, Auth).nullish(),
  credHelpers: z.record(text, text).nullish(),
  credsStore: text.nullish(),
});
export type ConfigurationFile = z.infer<typeof ConfigurationFile>;

const MAX_BYTES = 4 * 2 ** 20;

/** The files that may hold credentials, in the order in which they are asked. */
export function credentialFiles(environment: Environment): readonly string[] {
  const home = environment.HOME || homedir();
  const podman = join('containers', 'auth.json');
  const files = [
    environment.REGISTRY_AUTH_FILE,
    join(environment.DOCKER_CONFIG || join(home, '.docker'), 'config.json'),
    environment.XDG_RUNTIME_DIR && join(environment.XDG_RUNTIME_DIR, podman),
    join(environment.XDG_CONFIG_HOME || join(home, '.config'), podman),
  ];
  return [...new Set(files.filter((file) => file !== undefined && file !== ''))] as string[];
}

/**
 * What a file says; undefined if there is none, and in words what is wrong with one that cannot be read. Never the
 * words of a parser, which quote what they read.
 */
export async function readConfigurationFile(path: string): Promise<ConfigurationFile | string | undefined> {
  let bytes: Buffer;
  try {
    const { size } = await stat(path);
    if (size > MAX_BYTES) return `has more than ${MAX_BYTES} bytes`;
    bytes = await readFile(path);
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' || code === 'ENOTDIR' ? undefined : `cannot be read (${code})`;
  }
  try {
    const parsed = ConfigurationFile.safeParse(JSON.parse(bytes.toString('utf8')));
    return parsed.success ? parsed.data : `has something unexpected at ${placeOf(parsed.error)}`;
  } catch {
    return 'is no JSON';
  }
}

/** The keys of `auths` under which an image's credentials may stand, the most exact first. */
export function keysFor({
  registry,
  repository,
}: {
  readonly registry: string;
  readonly repository: string;
}): string[] {
  const parts = repository.split('/');
  const hosts = registryOf(registry) === registry && HUB_NAMES.includes(registry) ? HUB_NAMES : [registry];
  const spaces = parts.map((_, index) => `/${parts.slice(0, parts.length - index).join('/')}`);
  return [...spaces, ''].flatMap((space) => hosts.map((host) => `${host}${space}`));
}

/**
 * The entry of `auths` for the first of some keys. Podman's keys are `host` or `host/name`; Docker's may have a scheme
 * and a path such as `/v1/`, which count for nothing. Hosts must be the same, with the port.
 */
export function authFor(keys: readonly string[], { auths }: ConfigurationFile): Credentials | undefined {
  const entries = Object.entries(auths ?? {}).map(([key, auth]) => [normalised(key), auth] as const);
  for (const key of keys) {
    for (const [name, auth] of entries) {
      const credentials = name === key ? credentialsOf(auth) : undefined;
      if (credentials !== undefined) return credentials;
    }
  }
  return undefined;
}

/** The program that keeps the credentials of a host, where the file names one. */
export function helperFor(host: string, { credHelpers, credsStore }: ConfigurationFile): string | undefined {
  const own = Object.entries(credHelpers ?? {}).find(([key]) => registryOf(normalised(key)) === registryOf(host));
  return (own?.[1] ?? credsStore) || undefined;
}

function normalised(key: string): string {
  const [, scheme, rest = ''] = /^(https?:\/\/)?(.*)$/s.exec(key) ?? [];
  const host = (rest.split('/')[0] ?? '').toLowerCase();
  const path = rest.slice(host.length).replace(/\/+$/, '');
  return scheme !== undefined || /^\/v[12]$/.test(path) ? host : host + path;
}

function credentialsOf(entry: z.infer<typeof Auth>): Credentials | undefined {
  if (entry.identitytoken) return { kind: 'identity', token: entry.identitytoken };
  if (entry.registrytoken) return { kind: 'bearer', token: entry.registrytoken };
  if (entry.username && entry.password !== undefined) {
    return { kind: 'password', user: entry.username, password: entry.password };
  }
  const decoded = Buffer.from(entry.auth ?? '', 'base64')
    .toString('utf8')
    .replace(/\0+$/, '');
  const colon = decoded.indexOf(':');
  return colon <= 0
    ? undefined
    : { kind: 'password', user: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
}

/** The top key alone: names of registries are no secret, but what stands in a wrong place may be one. */
function placeOf(error: z.ZodError): string {
  const path = error.issues[0]?.path ?? [];
  return path.length === 0 ? 'its beginning' : String(path[0]);
}
