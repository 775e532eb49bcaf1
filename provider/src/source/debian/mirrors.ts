import type { Distribution } from '../../model/distribution.js';
import { SourceError } from '../error.js';
import type { Http } from '../registry/http.js';
import { aptChecksValidUntil } from './mirrors-apt-settings.js';
import { type AptSource, readAptSources } from './mirrors-apt-sources.js';
import type { Snapshot } from './snapshot.js';

/** Where the two archives of Debian are fetched from. Addresses are `http:`, `https:` or `file:`, without a last slash. */
export interface Mirrors {
  readonly main: string;
  readonly security: string;
  /** Whether a release past its Valid-Until is refused. Default: true. */
  readonly checkValidUntil?: boolean;
  /** Of Ubuntu's archives, where packages come from there. */
  readonly ubuntu?: { readonly main: string; readonly security: string };
  /** Why there are no addresses of Debian's archives, where some may not be needed. */
  readonly noDebian?: Error;
  /** Connections that know the proxies. Default: those of Node, which know none. */
  readonly http?: Http;
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
  /** Default: Debian. */
  readonly distribution?: Distribution;
  /** Default: as apt on this host does, `Acquire::Check-Valid-Until`. */
  readonly checkValidUntil?: boolean;
}

type Archive = 'main' | 'security';

const SETTINGS: Readonly<Record<Distribution, Readonly<Record<Archive, string>>>> = {
  debian: {
    main: 'debian.mirror in the spec, `pulumi config set ingot:debianMirror ADDRESS`, or INGOT_DEBIAN_MIRROR',
    security:
      'debian.securityMirror in the spec, `pulumi config set ingot:debianSecurityMirror ADDRESS`, or INGOT_DEBIAN_SECURITY_MIRROR',
  },
  ubuntu: {
    main: 'debian.mirror in the spec, `pulumi config set ingot:ubuntuMirror ADDRESS`, or INGOT_UBUNTU_MIRROR',
    security:
      'debian.securityMirror in the spec, `pulumi config set ingot:ubuntuSecurityMirror ADDRESS`, or INGOT_UBUNTU_SECURITY_MIRROR',
  },
};

/**
 * The mirrors to use: what is configured, else what apt on this host uses. Where only the main one is known, the
 * security archive is its neighbour with `-security` at the end of its name, as on Debian's own mirrors; Ubuntu's have both
 * in one place.
 * @throws {SourceError} `no-mirror` where an address is missing or is none, with what to set.
 */
export async function findMirrors(options: FindMirrorsOptions = {}): Promise<Mirrors> {
  const { configured = {}, aptDirectory = '/etc/apt', distribution = 'debian' } = options;
  const found = await findConfigured(configured, { aptDirectory, distribution });
  const checks = options.checkValidUntil ?? (found.checksValidUntil && (await aptChecksValidUntil(aptDirectory)));
  return { main: found.main, security: found.security, ...(checks ? {} : { checkValidUntil: false }) };
}

interface Where {
  readonly aptDirectory: string;
  readonly distribution: Distribution;
}

async function findConfigured(
  configured: { readonly main?: string; readonly security?: string },
  where: Where,
): Promise<{ main: string; security: string; checksValidUntil: boolean }> {
  const { aptDirectory, distribution } = where;
  const settings = SETTINGS[distribution];
  if (configured.main !== undefined) {
    const main = checkAddress(configured.main, settings.main);
    return { main, security: securityOf(main, { known: configured.security, distribution }), checksValidUntil: true };
  }
  const sources = await readAptSources(aptDirectory);
  const main = best(sources, { archive: 'main', distribution });
  if (main === undefined) throw noMirror(where, sources.length);
  const security = configured.security === undefined ? best(sources, { archive: 'security', distribution }) : undefined;
  const address = checkAddress(main.address, settings.main);
  return {
    main: address,
    security: securityOf(address, { known: configured.security ?? security?.address, distribution }),
    checksValidUntil: main.checksValidUntil && (security?.checksValidUntil ?? true),
  };
}

function securityOf(
  main: string,
  { known, distribution }: { readonly known: string | undefined; readonly distribution: Distribution },
): string {
  if (known !== undefined) return checkAddress(known, SETTINGS[distribution].security);
  if (distribution === 'ubuntu') return main;
  if (main.endsWith('/debian')) return `${main}-security`;
  throw new SourceError(
    'no-mirror',
    `Cannot find a mirror of Debian's security archive: only the main one is known (${withoutCredentials(main)}), and its ` +
      `name does not end in /debian; set ${SETTINGS.debian.security}`,
  );
}

function noMirror({ aptDirectory, distribution }: Where, others: number): SourceError {
  const seen = others === 0 ? 'names none' : `names none, but ${others} of other sorts`;
  return new SourceError(
    'no-mirror',
    `Cannot find ${distribution === 'ubuntu' ? 'an Ubuntu' : 'a Debian'} mirror: none is set, and the apt configuration of this host (${aptDirectory}) ${seen}; ` +
      `set ${SETTINGS[distribution].main}`,
    { context: { path: aptDirectory } },
  );
}

/** Code names of the releases that are signed by keys we know, and of those to come. */
const SUITES = new Set([
  ...['bullseye', 'bookworm', 'trixie', 'forky', 'duke', 'sid'],
  ...['oldoldstable', 'oldstable', 'stable', 'testing', 'unstable'],
]);
const POCKET = /(?:-security|-updates|-proposed-updates|-backports|\/updates)$/;

/** The source that most probably is the distribution's own archive, the first of equals. Its signature decides in the end. */
function best(
  sources: readonly AptSource[],
  { archive, distribution }: { readonly archive: Archive; readonly distribution: Distribution },
): AptSource | undefined {
  let found: { source: AptSource; score: number } | undefined;
  for (const source of sources) {
    const isSecurity = /-security$|\/updates$/.test(source.suite);
    if (isSecurity !== (archive === 'security')) continue;
    const score = distribution === 'ubuntu' ? likelihoodOfUbuntu(source) : likelihood(source);
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

function likelihoodOfUbuntu({ address, suite, components, signedBy }: AptSource): number {
  if (!/^(?:https?|file):/.test(address) || !components.includes('main')) return 0;
  if (SUITES.has(suite.replace(POCKET, ''))) return 0;
  return (signedBy.includes('ubuntu-archive') ? 4 : 0) + (/\/ubuntu(?:-ports)?\/?$/.test(address) ? 2 : 0);
}

/** @returns the address without slashes at its end. */
function checkAddress(text: string, settings: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['http:', 'https:', 'file:'].includes(url.protocol) || url.hash) {
    throw new SourceError(
      'no-mirror',
      `Cannot use ${JSON.stringify(url ? withoutCredentials(text) : text)} as a Debian mirror: it is not an http:, https: or file: address of a ` +
        `folder; set ${settings}`,
    );
  }
  return text.replace(/\/+$/, '');
}

/** Where a file of a mirror lies. `path` is as addresses have it, and leads nowhere above: `dists/trixie/InRelease`. */
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
