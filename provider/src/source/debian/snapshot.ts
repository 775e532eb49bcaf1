import { SourceError } from '../error.js';

/** An archive that keeps what mirrors have dropped. */
export interface Snapshot {
  /** With `{archive}` and `{time}` in it, or without. */
  readonly address: string;
  /** When packages were pinned, each such as `2026-11-22T18:00:00Z`. */
  readonly lockedAt: readonly string[];
}

/** More moments than that are not asked for. */
const MAX_MOMENTS = 16;
/** Mirrors keep a superseded package for a day and more, and a snapshot is taken hours after it was published. */
const LATER_MS = 24 * 3600 * 1000;

/**
 * Where an archive may lie as it was when packages were pinned, without slashes at the end; the newest moments first.
 * None where the address wants a time and none is known.
 * @throws {SourceError} `no-mirror` for an address that is none.
 */
export function snapshotAddresses({ address, lockedAt }: Snapshot, archive: string): string[] {
  const moments = [...new Set(lockedAt.map((text) => Date.parse(text)))]
    .filter((ms) => !Number.isNaN(ms))
    .sort((left, right) => right - left)
    .slice(0, MAX_MOMENTS);
  const times = address.includes('{time}') ? moments.flatMap((ms) => [timeText(ms + LATER_MS), timeText(ms)]) : [''];
  return times.map((time) => checked(address.replaceAll('{archive}', archive).replaceAll('{time}', time)));
}

/** `20261122T180000Z` */
function timeText(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+/, '').replaceAll(/[-:]/g, '');
}

function checked(address: string): string {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url !== undefined && ['http:', 'https:', 'file:'].includes(url.protocol)) return address.replace(/\/+$/, '');
  throw new SourceError(
    'no-mirror',
    `Cannot use ${JSON.stringify(address)} as a snapshot archive: it is not an http:, https: or file: address; set ` +
      'debian.snapshot in the spec, or INGOT_DEBIAN_SNAPSHOT',
  );
}
