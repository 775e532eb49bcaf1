import { SourceError } from '../error.js';
import { aptChecksValidUntil } from './mirrors-apt-settings.js';
import { type AptSource, readAptSources } from './mirrors-apt-sources.js';
import type { Snapshot } from './snapshot.js';

/** Where the two archives of Debian are fetched from. Addresses are `http:`, `https:` or `file:`, without a last slash. */
export interface Mirrors {
  readonly main: string;
  readonly security: string;
  /** Whether a release past its Valid-Until is refused. Default: true. */
  readonly checkValidUntil?: boolean;
  /** Where to look for what they have dropped. */
  readonly snapshot?: Snapshot;
  /** Vendors' repositories. */
  readonly repositories?: readonly RepositoryAddress[];
}

export interface RepositoryAddress {
  /** By which pins of its packages are known to be in it; where it has none, any may be. */
  readonly name?: string | undefined;
  /** With user name and password, where it asks for them: never to be shown. Without a last slash. */
  readonly address: string;
}

export interface FindMirrorsOptions {
  /** Addresses from the spec or the settings; they win. */
  readonly configured?: { readonly main?: string; readonly security?: string };
  /** Where apt on this host has its configuration. Default: `/etc/apt`. */
  readonly aptDirectory?: string;
  /** Default: as apt on this host does, `Acquire::Check-Valid-Until`. */
  readonly checkValidUntil?: boolean;
}

type Archive = 'main' | 'security';

const SETTINGS: Readonly<Record<Archive, string>> = {
  main: 'debian.mirror in the spec, `pulumi config set ingot:debianMirror ADDRESS`, or INGOT_DEBIAN_MIRROR',
  security:
    'debian.securityMirror in the spec, `pulumi config set ingot:debianSecurityMirror ADDRESS`, or INGOT_DEBIAN_SECURITY_MIRROR',
};

/**
 * The mirrors to use: what is configured, else what apt on this host uses. Where only the main one is known, the
 * security archive is its neighbour with `-security` at the end of its name, as on Debian's own mirrors.
 * @throws {SourceError} `no-mirror` where an address is missing or is none, with what to set.
 */
export async function findMirrors(options: FindMirrorsOptions = {}): Promise<Mirrors> {
  const { configured = {}, aptDirectory = '/etc/apt' } = options;
  const found = await findConfigured(configured, aptDirectory);
  const checks = options.checkValidUntil ?? (found.checksValidUntil && (await aptChecksValidUntil(aptDirectory)));
  return { main: found.main, security: found.security, ...(checks ? {} : { checkValidUntil: false }) };
}

async function findConfigured(
  configured: { readonly main?: string; readonly security?: string },
  aptDirectory: string,
): Promise<{ main: string; security: string; checksValidUntil: boolean }> {
  if (configured.main !== undefined) {
    const main = checkAddress(configured.main, 'main');
    return { main, security: securityOf(main, configured.security), checksValidUntil: true };
  }
  const sources = await readAptSources(aptDirectory);
  const main = best(sources, 'main');
  if (main === undefined) throw noMirror(aptDirectory, sources.length);
  const security = configured.security === undefined ? best(sources, 'security') : undefined;
  const address = checkAddress(main.address, 'main');
  return {
    main: address,
    security: securityOf(address, configured.security ?? security?.address),
    checksValidUntil: main.checksValidUntil && (security?.checksValidUntil ?? true),
  };
}

function securityOf(main: string, known: string | undefined): string {
  if (known !== undefined) return checkAddress(known, 'security');
  if (main.endsWith('/debian')) return `${main}-security`;
  throw new SourceError(
    'no-mirror',
    `Cannot find a mirror of Debian's security archive: only the main one is known (${withoutCredentials(main)}), and its ` +
      `name does not end in /debian; set ${SETTINGS.security}`,
  );
}

function noMirror(aptDirectory: string, others: number): SourceError {
  const seen = others === 0 ? 'names none' : `names none, but ${others} of other sorts`;
  return new SourceError(
    'no-mirror',
    `Cannot find a Debian mirror: none is set, and the apt configuration of this host (${aptDirectory}) ${seen}; ` +
      `set ${SETTINGS.main}`,
    { context: { path: aptDirectory } },
  );
}

/** Code names of the releases that are signed by keys we know, and of those to come. */
const SUITES = new Set([
  ...['bullseye', 'bookworm', 'trixie', 'forky', 'duke', 'sid'],
  ...['oldoldstable', 'oldstable', 'stable', 'testing', 'unstable'],
]);
const POCKET = /(?:-security|-updates|-proposed-updates|-backports|\/updates)$/;

/** The source that most probably is Debian's own archive, the first of equals. Its signature decides in the end. */
function best(sources: readonly AptSource[], archive: Archive): AptSource | undefined {
  let found: { source: AptSource; score: number } | undefined;
  for (const source of sources) {
    const isSecurity = /-security$|\/updates$/.test(source.suite);
    if (isSecurity !== (archive === 'security')) continue;
    const score = likelihood(source);
    if (score > (found?.score ?? 0)) found = { source, score };
  }
  return found?.source;
}

/** Other vendors have suites named `stable` and folders named `debian` too, so no single sign is enough. */
function likelihood({ address, suite, components, signedBy }: AptSource): number {
  if (!/^(?:https?|file):/.test(address) || !components.includes('main')) return 0;
  const release = suite.replace(POCKET, '');
  if (!SUITES.has(release)) return 0;
  return (
    (signedBy.includes('debian-archive') ? 4 : 0) +
    (/\/debian(?:-security)?\/?$/.test(address) ? 2 : 0) +
    (release.endsWith('stable') || release === 'testing' ? 0 : 1)
  );
}

/** @returns the address without slashes at its end. */
function checkAddress(text: string, archive: Archive): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['http:', 'https:', 'file:'].includes(url.protocol) || url.hash) {
    throw new SourceError(
      'no-mirror',
      `Cannot use ${JSON.stringify(url ? withoutCredentials(text) : text)} as a Debian mirror: it is not an http:, https: or file: address of a ` +
        `folder; set ${SETTINGS[archive]}`,
    );
  }
  return text.replace(/\/+$/, '');
}

/** Where a file of a mirror lies. `path` is one of our own making, such as `dists/trixie/InRelease`. */
export function addressIn(mirror: string, path: string): URL {
  const url = new URL(mirror);
  // The search part stays what it is: some mirrors want a token there.
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/${path}`;
  return url;
}

/** An address as it may be shown, without user name, password and search part. */
export function withoutCredentials(address: string): string {
  return address.replace(/^([a-z+]+:\/\/)[^/@]*@/i, '$1').replace(/\?.*/, '');
}
