import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

/** Rows of text as lines, each column as wide as its widest cell and two apart; all but the last are of one width. */
export function columns(
  rows: readonly (readonly string[])[],
  { right = [] }: { right?: readonly number[] } = {},
): string[] {
  const width = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: width }, (_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, at) => (right.includes(at) ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}

/** Text with a style, where the standard output is a terminal that shows it. */
export function styled(style: Style, text: string): string {
  return process.stdout.isTTY ? styleText(style, text) : text;
}
