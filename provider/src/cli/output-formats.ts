import type { Format } from '../model/artifact.js';
import { didYouMean, nearest } from '../model/suggestion.js';
import { FORMATS, isOneFile } from './format-names.js';
import { UsageError } from './usage-error.js';

/**
 * The formats that were asked for, each once: several separated by commas, or given one by one.
 * @throws {UsageError} `bad-format`.
 */
export function formatsIn(texts: readonly string[]): Format[] {
  const words = texts.flatMap((text) => text.split(',')).map((word) => word.trim());
  return [...new Set(words.map(knownFormat))];
}

function knownFormat(text: string): Format {
  const known = FORMATS.find((format) => format === text);
  if (known !== undefined) return known;
  throw new UsageError(
    'bad-format',
    `Cannot build the format "${text}": there is no such format (choose from ${FORMATS.join(', ')})${didYouMean(alike(text))}`,
  );
}

/** The one format that goes to one output. @throws {UsageError} `bad-format`. */
export function streamedFormat(formats: readonly Format[]): Format {
  const [format] = formats;
  if (formats.length === 1 && format !== undefined && isOneFile(format)) return format;
  throw new UsageError(
    'bad-format',
    `Cannot write ${formats.join(' and ')} to one output: it has several files; leave out -o (--dir says where they go), or choose -f tar or another format of one file`,
  );
}

/** `qcow2` is short for `qcow2-efi`; anything else may be misspelt. */
function alike(text: string): readonly string[] {
  const longer = text === '' ? [] : FORMATS.filter((format) => format.startsWith(`${text}-`));
  return longer.length > 0 ? longer : nearest(text, FORMATS);
}
