import { createHash } from 'node:crypto';
import type { Json } from '../../model/digest.js';
import type { DebianArchive } from '../../model/pin.js';
import type { Progress } from '../../model/progress.js';
import type { Store } from '../../store/store.js';
import { SourceError } from '../error.js';
import { shownAddress } from '../transfer-failure.js';
import { loadKeyring, type TrustedKey } from './keyring.js';
import { DEBIAN_ARCHIVE_KEYS } from './keyring-debian.js';
import { addressIn, type Mirrors } from './mirrors.js';
import { parseRelease, type Release } from './release.js';
import { allOrNone } from './release-parallel.js';
import { type RequestPatience, requestText, type Validators } from './release-request.js';
import { readSigned } from './release-signature.js';

/** The verified release of one suite of one archive. */
export interface ArchiveRelease {
  readonly archive: DebianArchive;
  readonly mirror: string;
  /** Name of the suite in the archive, such as `trixie-security`. */
  readonly suite: string;
  readonly release: Release;
}

export interface ReleasesOptions {
  readonly store: Store;
  /** Code name, such as `trixie`. */
  readonly suite: string;
  readonly mirrors: Mirrors;
  readonly now: Date;
  readonly signal: AbortSignal;
  readonly progress: Progress;
  /** How old a look at the mirrors may be. Default: 3600. */
  readonly maxAgeSeconds?: number;
  /** Ask no mirror, and take what was seen last, of any age. */
  readonly offline?: boolean;
  /** Whose signatures count. Default: Debian's archive keys. */
  readonly keys?: readonly TrustedKey[];
  readonly patience?: RequestPatience;
}

const DEFAULT_MAX_AGE_SECONDS = 3600;
/** Debian's largest has 0.3 MB. */
const MAX_RELEASE_BYTES = 8 << 20;

/**
 * The releases that make up a suite: itself, its updates, and its security updates, in this order. Those that were
 * looked at within `maxAgeSeconds` are used as they are; others are asked for again, verified and checked.
 * @throws {SourceError} as requestText() and readSigned() do; `malformed`; `unknown-suite`; `wrong-archive` for a
 *   release of something else; `expired`; `rolled-back` for one older than what this mirror has given before.
 */
export async function currentReleases(options: ReleasesOptions): Promise<ArchiveRelease[]> {
  if (!/^[a-z]{2,40}$/.test(options.suite)) {
    throw new SourceError(
      'unknown-suite',
      `Cannot use the suite ${JSON.stringify(options.suite)}: it is not a code name of Debian such as "trixie"`,
    );
  }
  return allOrNone(partsOf(options.suite), options.signal, (part, signal) =>
    currentRelease(part, { ...options, signal }),
  );
}

interface Part {
  readonly archive: DebianArchive;
  readonly suite: string;
}

function partsOf(suite: string): Part[] {
  const release: Part = { archive: 'main', suite };
  // Unstable has neither: fixes go into it directly.
  if (suite === 'sid') return [release];
  return [release, { archive: 'main', suite: `${suite}-updates` }, { archive: 'security', suite: `${suite}-security` }];
}

/** What is remembered of the last look at a release. */
interface Seen {
  readonly release: Release;
  /** When the mirror last said that this is the current one, in seconds since 1970. */
  readonly checkedSeconds: number;
  readonly validators: Validators;
  /** Under which keys it was verified. */
  readonly trust: string;
}

async function currentRelease(part: Part, options: ReleasesOptions): Promise<ArchiveRelease> {
  const { store, mirrors, maxAgeSeconds = DEFAULT_MAX_AGE_SECONDS } = options;
  const mirror = mirrors[part.archive];
  const url = addressIn(mirror, `dists/${part.suite}/InRelease`);
  const key = `debian release 1 ${shownAddress(url)}`;
  const keys = options.keys ?? DEBIAN_ARCHIVE_KEYS;
  const trust = fingerprintsOf(keys);
  const seen = (await store.recall(key)) as unknown as Seen | undefined;
  const usable = seen?.trust === trust ? seen : undefined;
  const nowSeconds = Math.floor(options.now.getTime() / 1000);
  const found = (release: Release): ArchiveRelease => ({ ...part, mirror, release });

  if (options.offline === true) {
    if (usable !== undefined) return found(usable.release);
    throw new SourceError(
      'unreachable',
      `Cannot use the suite ${part.suite}: its release is not in the cache, and Ingot is set to work offline; run once with network`,
    );
  }
  const ageSeconds = usable === undefined ? Number.POSITIVE_INFINITY : nowSeconds - usable.checkedSeconds;
  if (usable !== undefined && ageSeconds >= 0 && ageSeconds < maxAgeSeconds) return found(usable.release);

  options.progress({ step: `fetching the release of ${part.suite}` });
  const answer = await ask(url, { part, seen: usable, ageSeconds, options });
  const of = shownAddress(url);
  const release =
    answer.text === undefined && usable !== undefined
      ? usable.release
      : parseRelease(await readSigned(answer.text ?? '', { keys: await loadKeyring(keys), now: options.now, of }), of);
  checkIdentity(release, part, of);
  if (mirrors.checkValidUntil !== false) checkValidity(release, nowSeconds, of);
  if (seen !== undefined) checkProgress(release, seen.release, of);
  const looked: Seen = { release, checkedSeconds: nowSeconds, validators: answer.validators, trust };
  await store.remember(key, looked as unknown as Json);
  return found(release);
}

async function ask(
  url: URL,
  {
    part,
    seen,
    ageSeconds,
    options,
  }: { part: Part; seen: Seen | undefined; ageSeconds: number; options: ReleasesOptions },
): Promise<{ text?: string; validators: Validators }> {
  const { signal, patience } = options;
  try {
    return await requestText(url, { signal, maxBytes: MAX_RELEASE_BYTES, known: seen?.validators, patience });
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    if (error.code === 'not-found') throw unknownSuite(part, url, error);
    const advice =
      seen === undefined
        ? 'check the network, and the address of the mirror (debian.mirror in the spec, INGOT_DEBIAN_MIRROR)'
        : `what was seen ${spanOf(ageSeconds)} ago is in the cache, and is used with \`offline: true\` (INGOT_OFFLINE=true)`;
    throw new SourceError(error.code, `${error.message}; ${advice}`, { cause: error.cause, context: error.context });
  }
}

function unknownSuite({ suite, archive }: Part, url: URL, cause: unknown): SourceError {
  const setting = archive === 'main' ? 'INGOT_DEBIAN_MIRROR' : 'INGOT_DEBIAN_SECURITY_MIRROR';
  return new SourceError(
    'unknown-suite',
    `Cannot find the suite ${suite}: there is no ${shownAddress(url)}; check debian.suite in the spec, and that the ` +
      `mirror (${setting}) is one of Debian`,
    { cause, context: { path: shownAddress(url) } },
  );
}

const LABELS: Readonly<Record<DebianArchive, string>> = { main: 'Debian', security: 'Debian-Security' };

/** A mirror must not answer with another suite or another archive that the same keys have signed. */
function checkIdentity(release: Release, { archive, suite }: Part, of: string): void {
  const checks = [
    ['Origin', release.origin, 'Debian'],
    ['Label', release.label, LABELS[archive]],
    ['Codename', release.codename, suite],
  ] as const;
  for (const [field, got, want] of checks) {
    if (got === want) continue;
    const hint = field === 'Codename' ? 'the suite has to be given by its code name' : 'set the mirror of that archive';
    throw new SourceError(
      'wrong-archive',
      `Cannot use ${of}: its ${field} is ${JSON.stringify(got)}; wanted ${JSON.stringify(want)}: ${hint}`,
      { context: { path: of, got, want } },
    );
  }
}

function checkValidity({ validUntilSeconds }: Release, nowSeconds: number, of: string): void {
  if (validUntilSeconds === undefined || nowSeconds <= validUntilSeconds) return;
  throw new SourceError(
    'expired',
    `Cannot use ${of}: it was valid until ${timeOf(validUntilSeconds)}, so the mirror is out of date, or this host's clock ` +
      'is wrong; use another mirror, or, for a mirror that is frozen on purpose, set INGOT_DEBIAN_CHECK_VALID_UNTIL=false ' +
      '(or Acquire::Check-Valid-Until "false" in the apt configuration)',
    { context: { path: of, got: timeOf(validUntilSeconds) } },
  );
}

/** Old releases carry good signatures too: a mirror that goes back would bring back what has been fixed since. */
function checkProgress(release: Release, last: Release, of: string): void {
  if (release.dateSeconds >= last.dateSeconds) return;
  const [got, want] = [timeOf(release.dateSeconds), timeOf(last.dateSeconds)];
  throw new SourceError(
    'rolled-back',
    `Cannot use ${of}: it is of ${got}, but this mirror has already given one of ${want}; wanted nothing older, so try ` +
      'again later, or set another mirror',
    { context: { path: of, got, want: `${want} or later` } },
  );
}

function fingerprintsOf(keys: readonly TrustedKey[]): string {
  return createHash('sha256')
    .update(keys.map(({ fingerprint }) => fingerprint).join(' '))
    .digest('hex');
}

function timeOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}

function spanOf(seconds: number): string {
  if (seconds < 0) return 'some time';
  if (seconds < 7200) return `${Math.round(seconds / 60)} minutes`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} hours`;
  return `${Math.round(seconds / 86_400)} days`;
}
