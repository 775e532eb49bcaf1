import { UsageError } from './usage-error.js';

/** A whole number, from 1 on where nothing else is said. @throws {UsageError} `bad-number`, with the flag. */
export function numberIn(
  text: string,
  { flag, min = 1, max }: { readonly flag: string; readonly min?: number; readonly max: number },
): number {
  const number = /^\d{1,8}$/.test(text) ? Number(text) : 0;
  if (number >= min && number <= max) return number;
  const what = /^\d+$/.test(text) ? `it is ${Number(text) < min ? 'too small' : 'too large'}` : 'it is no whole number';
  throw new UsageError('bad-number', `Cannot use ${flag} ${text}: ${what}; give one from ${min} to ${max}`);
}

const UNITS: Readonly<Record<string, number>> = { '': 2 ** 20, M: 2 ** 20, G: 2 ** 30 };
const MAX_SIZE_BYTES = 2 ** 46;

/** `512M`, `10G`; a number alone is in MiB, as LinuxKit has it. @throws {UsageError} `bad-number`. */
export function sizeIn(text: string, flag: string): number {
  const [, number = '', unit = ''] = /^(\d{1,12})(M|G)?(?:i?B)?$/.exec(text) ?? [];
  const bytes = Number(number || Number.NaN) * (UNITS[unit] ?? Number.NaN);
  if (bytes <= MAX_SIZE_BYTES) return bytes;
  const what = Number.isNaN(bytes) ? 'it is no size' : 'it is too large';
  throw new UsageError(
    'bad-number',
    `Cannot use ${flag} ${text}: ${what}; give one such as 512M or 10G, of 64 TiB at most`,
  );
}
