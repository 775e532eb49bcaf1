import { compare, diffPage, formatDiff } from '../pipeline.js';
import { colours } from './colours.js';
import { writeText } from './output-text.js';
import { asking } from './question.js';
import { withSurveys } from './subject.js';
import { withWorkshop } from './workshop.js';

export interface DiffOptions {
  readonly json?: true;
  /** Where a page goes: a file, or `-`. */
  readonly html?: string;
  /** Tell every file. */
  readonly files?: true;
  readonly exitCode?: true;
}

/** On narrower terminals nothing is gained by more lines. */
const MIN_COLUMNS = 40;
/** So many files fit a screen, with what stands above them. */
const FILES_TOLD = 20;
/** A page can be scrolled and searched. */
const FILES_ON_PAGE = 500;

/**
 * `ingot diff BEFORE AFTER`: packages, files, services … that change from one image to the other. The exit code says
 * whether something does only where that was asked for, as with `git diff`.
 */
export async function diff(before: string, after: string, options: DiffOptions): Promise<void> {
  if (options.exitCode) await asking(tellDifference)(before, after, options);
  else await tellDifference(before, after, options);
}

/** @returns Whether there is one. */
async function tellDifference(before: string, after: string, options: DiffOptions): Promise<boolean> {
  const found = await withWorkshop((workshop) => withSurveys([before, after], workshop, compare));
  const maxFiles = options.files ? Number.POSITIVE_INFINITY : FILES_TOLD;
  const page = { maxFiles: Math.max(maxFiles, FILES_ON_PAGE) };
  if (options.html !== undefined) await writeText(await diffPage(found, page), options.html);
  if (options.json) process.stdout.write(`${JSON.stringify(found, null, 2)}\n`);
  else if (options.html === undefined) {
    process.stdout.write(
      await formatDiff(found, { maxFiles, paint: colours(process.stdout), ...widthOf(process.stdout) }),
    );
  }
  return found.different;
}

/** Only a terminal has one: what other programs read stays on one line. */
function widthOf({ isTTY, columns }: NodeJS.WriteStream): { width?: number } {
  return isTTY && columns > 0 ? { width: Math.max(columns, MIN_COLUMNS) } : {};
}
