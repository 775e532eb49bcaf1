import { SourceError } from '../error.js';
import { registryOf } from './image-name.js';

/** Addresses to ask before a registry itself, in order; under `*` for every registry. */
export type RegistryMirrors = ReadonlyMap<string, readonly URL[]>;

/**
 * Reads mirrors, each written as `registry=address` or, for every registry, `address`. An address is that of the
 * mirror's host, with a path where it has one.
 * @throws {SourceError} `no-mirror` for one that makes no sense.
 */
export function parseMirrors(entries: readonly string[]): RegistryMirrors {
  const mirrors = new Map<string, URL[]>();
  for (const entry of entries) {
    const { registry, address } = splitEntry(entry);
    const url = addressOf(address, registry);
    mirrors.set(registry, [...(mirrors.get(registry) ?? []), url]);
  }
  return mirrors;
}

/** The mirrors of one registry, its own before those of all. */
export function mirrorsOf(registry: string, mirrors: RegistryMirrors): readonly URL[] {
  return [...(mirrors.get(registry) ?? []), ...(mirrors.get('*') ?? [])];
}

function splitEntry(entry: string): { readonly registry: string; readonly address: string } {
  const equals = entry.indexOf('=');
  if (/^https?:\/\//i.test(entry) || equals < 0) return { registry: '*', address: entry };
  const name = entry.slice(0, equals);
  return { registry: name === '' ? '*' : registryOf(name), address: entry.slice(equals + 1) };
}

function addressOf(address: string, registry: string): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  const isGood = url && /^https?:$/.test(url.protocol) && url.search === '' && url.hash === '';
  if (isGood) return url;
  // The address is not shown: it may hold a password.
  throw new SourceError(
    'no-mirror',
    `Cannot use a mirror of ${registry === '*' ? 'all registries' : registry}: it has no address that begins with ` +
      'http:// or https:// and has no question mark; wanted [REGISTRY=]ADDRESS in INGOT_REGISTRY_MIRRORS',
  );
}
