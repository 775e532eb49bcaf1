import { StoreError } from './error.js';

/** Those of 1000 and those of 1024, as ccache, Docker and the IEC have them. */
const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  m: 1e6,
  g: 1e9,
  t: 1e12,
  ki: 2 ** 10,
  mi: 2 ** 20,
  gi: 2 ** 30,
  ti: 2 ** 40,
};
const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/**
 * The bytes that a size such as `20GB`, `500M`, `1.5GiB` or `1000000` stands for.
 * @throws {StoreError} `bad-setting`, naming where the text stands.
 */
export function parseSize(text: string, name: string): number {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?) ?([kmgt]i?)?b?$/i.exec(text.trim()) ?? [];
  const sizeBytes = Math.round(Number(number) * (UNITS[unit.toLowerCase()] ?? Number.NaN));
  if (Number.isSafeInteger(sizeBytes)) return sizeBytes;
  throw badSetting(name, text, 'a size such as 20GB, 500MB or 1.5GiB');
}

const DEFAULT_LIMIT = '20GB';

/**
 * How many bytes the store may have, by what is set; undefined for `none`. There is a limit by default since each build
 * leaves a whole image behind: whoever tries something out all day would find the disk full.
 * @throws {StoreError} `bad-setting`.
 */
export function limitOf(setting: string = DEFAULT_LIMIT): number | undefined {
  if (setting === 'none') return undefined;
  const sizeBytes = parseSize(setting, 'INGOT_CACHE_MAX_SIZE');
  // To some this is no limit, to others no cache.
  if (sizeBytes === 0) throw badSetting('INGOT_CACHE_MAX_SIZE', setting, 'a size such as 20GB, or none for no limit');
  return sizeBytes;
}

/**
 * The milliseconds that a time such as `30d`, `12h` or `2w` stands for.
 * @throws {StoreError} `bad-setting`, naming where the text stands.
 */
export function parseDuration(text: string, name: string): number {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?) ?([smhdw])$/i.exec(text.trim()) ?? [];
  const durationMs = Math.round(Number(number) * 1000 * (SECONDS[unit.toLowerCase()] ?? Number.NaN));
  if (Number.isSafeInteger(durationMs)) return durationMs;
  throw badSetting(name, text, 'a time such as 30d, 12h or 2w');
}

/** For people, in units of 1000: `1.2 GB`. */
export function formatSize(sizeBytes: number): string {
  let value = sizeBytes;
  for (const unit of ['B', 'kB', 'MB', 'GB', 'TB']) {
    // What rounds up to 1000 belongs to the next unit.
    if (value < 999.5 || unit === 'TB')
      return `${unit === 'B' || value >= 99.95 ? Math.round(value) : value.toFixed(1)} ${unit}`;
    value /= 1000;
  }
  return `${sizeBytes} B`;
}

function badSetting(name: string, got: string, want: string): StoreError {
  return new StoreError(
    'bad-setting',
    `Cannot use ${name} ${JSON.stringify(got)}: it is not understood; wanted ${want}`,
    {
      context: { got, want },
    },
  );
}
