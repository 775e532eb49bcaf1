import { createHash } from 'node:crypto';
import type { Json } from '../../model/digest.js';
import type { Distribution } from '../../model/distribution.js';
import type { Progress } from '../../model/progress.js';
import type { Store } from '../../store/store.js';
import { SourceError } from '../error.js';
import { shownAddress } from '../transfer-failure.js';
import { loadKeyring, type TrustedKey } from './keyring.js';
import { addressIn, type Mirrors } from './mirrors.js';
import { parseRelease, type Release } from './release.js';
import { allOrNone } from './release-parallel.js';
import { distributionParts, nameOf, type Part, vendorParts } from './release-part.js';
import { type RequestPatience, requestText, type Validators } from './release-request.js';
import { checkDetached, readSigned } from './release-signature.js';
import type { Repository } from './repositories.js';

/** The verified release of one suite of one archive. */
export interface ArchiveRelease {
  /** Name of the archive, as pins have it. */
  readonly archive: string;
  /** Address; with user name and password, where it asks for them. */
  readonly mirror: string;
  /** Name of the suite in the archive, such as `trixie-security`. */
  readonly suite: string;
  /** Where its files lie on the mirror: `dists/trixie-security/`, or what a flat suite says; empty for the top. */
  readonly folder: string;
  /** Those that packages are taken from; `''` alone for a flat suite. */
  readonly components: readonly string[];
  readonly priority: number;
  readonly release: Release;
}

export interface ReleasesOptions {
  readonly store: Store;
  /** Code name, such as `trixie`. */
  readonly suite: string;
  readonly mirrors: Mirrors;
  /** Default: Debian. */
  readonly distribution?: Distribution;
  readonly now: Date;
  readonly signal: AbortSignal;
  readonly progress: Progress;
  /** How old a look at the mirrors may be. Default: 3600. */
  readonly maxAgeSeconds?: number;
  /** Ask no mirror, and take what was seen last, of any age. */
  readonly offline?: boolean;
  /** Whose signatures count for the distribution's own archives. Default: its own keys. */
  readonly keys?: readonly TrustedKey[];
  readonly repositories?: readonly Repository[];
  readonly patience?: RequestPatience;
}

const DEFAULT_MAX_AGE_SECONDS = 3600;
/** Debian's largest has 0.3 MB. */
const MAX_RELEASE_BYTES = 8 << 20;

/**
 * The releases that make up a suite: itself, its updates, and its security updates, and those of vendors' repositories,
 * in this order. Those that were
 * looked at within `maxAgeSeconds` are used as they are; others are asked for again, verified and checked.
 * @throws {SourceError} as requestText() and readSigned() do; `malformed`; `unknown-suite`; `wrong-archive` for a
 *   release of something else; `expired`; `rolled-back` for one older than what this mirror has given before.
 */
export async function currentReleases(options: ReleasesOptions): Promise<ArchiveRelease[]> {
  if (!/^[a-z]{2,40}$/.test(options.suite)) {
    throw new SourceError(
      'unknown-suite',
      `Cannot use the suite ${JSON.stringify(options.suite)}: it is not a code name such as "trixie"`,
    );
  }
  const parts = [...distributionParts(options), ...(options.repositories ?? []).flatMap(vendorParts)];
  return allOrNone(parts, options.signal, (part, signal) => currentRelease(part, { ...options, signal }));
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
  const { keys } = part;
  const url = addressIn(part.mirror, `${part.folder}InRelease`);
  const key = `${part.memory} ${shownAddress(url)}`;
  const trust = fingerprintsOf(keys);
  const seen = (await store.recall(key)) as unknown as Seen | undefined;
  const usable = seen?.trust === trust ? seen : undefined;
  const nowSeconds = Math.floor(options.now.getTime() / 1000);
  const found = (release: Release): ArchiveRelease => {
    const { archive, mirror, suite, folder, components, priority } = part;
    return { archive: archive ?? nameOf(release), mirror, suite, folder, components, priority, release };
  };

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
      : parseRelease(await verified(answer, { part, now: options.now, of }), of, part.scope);
  part.checkIdentity(release, of);
  if (mirrors.checkValidUntil !== false) checkValidity(release, nowSeconds, of);
  if (seen !== undefined) checkProgress(release, seen.release, of);
  const looked: Seen = { release, checkedSeconds: nowSeconds, validators: answer.validators, trust };
  await store.remember(key, looked as unknown as Json);
  return found(release);
}

async function verified(
  { text = '', signature }: Asked,
  { part, now, of }: { readonly part: Part; readonly now: Date; readonly of: string },
): Promise<string> {
  const { advice } = part;
  const options = { keys: await loadKeyring(part.keys), now, of, ...(advice ? { advice } : {}) };
  if (signature === undefined) return readSigned(text, options);
  await checkDetached(text, signature, options);
  return text;
}

interface Asked {
  readonly text?: string;
  /** Where it is in a file of its own. */
  readonly signature?: string;
  readonly validators: Validators;
}

async function ask(
  url: URL,
  {
    part,
    seen,
    ageSeconds,
    options,
  }: { part: Part; seen: Seen | undefined; ageSeconds: number; options: ReleasesOptions },
): Promise<Asked> {
  const { signal, patience, mirrors } = options;
  const request = { signal, maxBytes: MAX_RELEASE_BYTES, patience, http: mirrors.http };
  try {
    return await requestText(url, { ...request, known: seen?.validators }).catch(async (error: unknown) => {
      if (!part.mayBeDetached || !(error instanceof SourceError && error.code === 'not-found')) throw error;
      const place = (name: string) => addressIn(part.mirror, `${part.folder}${name}`);
      const { text = '' } = await requestText(place('Release'), request);
      const { text: signature = '' } = await requestText(place('Release.gpg'), { ...request, encoding: 'latin1' });
      return { text, signature, validators: {} };
    });
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    if (error.code === 'not-found') throw unknownSuite(part, url, error);
    const advice =
      seen === undefined
        ? part.whereSet
        : `what was seen ${spanOf(ageSeconds)} ago is in the cache, and is used with \`offline: true\` (INGOT_OFFLINE=true)`;
    throw new SourceError(error.code, `${error.message}; ${advice}`, { cause: error.cause, context: error.context });
  }
}

function unknownSuite({ suite, advice404 }: Part, url: URL, cause: unknown): SourceError {
  return new SourceError(
    'unknown-suite',
    `Cannot find the suite ${suite}: there is no ${shownAddress(url)}; ${advice404}`,
    { cause, context: { path: shownAddress(url) } },
  );
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
