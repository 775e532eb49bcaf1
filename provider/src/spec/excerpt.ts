import { printable } from './property.js';

/** Part of a text, as offsets in UTF-16 code units; the end is not in it. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** The most that is shown of a line: enough to recognise it by. */
const WIDTH = 100;
/** How much of a long line is shown before the place. */
const BEFORE = 40;

/** 1-based line and column of an offset. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A text whose offsets can be told as lines. */
export interface Lines {
  positionOf(offset: number): Position;
  /** The line that a span starts in, and under it carets for the part of the span that lies in it. */
  excerptOf(span: Span): string;
}

/** Splits a text at LF and CRLF, as YAML 1.2 section 5.4 does; CR alone too. */
export function linesOf(text: string): Lines {
  const starts = [0];
  for (const match of text.matchAll(/\r\n|\n|\r/g)) starts.push(match.index + match[0].length);

  function indexOf(offset: number): number {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] as number) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  return {
    positionOf(offset) {
      const index = indexOf(offset);
      return { line: index + 1, column: offset - (starts[index] as number) + 1 };
    },
    excerptOf({ start, end }) {
      const index = indexOf(start);
      const lineStart = starts[index] as number;
      const line = text.slice(lineStart, starts[index + 1]).replace(/[\r\n]+$/, '');
      const column = Math.min(start - lineStart, line.length);
      const from = column > WIDTH - BEFORE / 2 ? column - BEFORE : 0;
      const shown = line.slice(from, from + WIDTH);
      const carets = Math.max(1, Math.min(end - start, line.length - column, from + WIDTH - column));
      const gutter = ' '.repeat(String(index + 1).length);
      const head = from > 0 ? '…' : '';
      const tail = line.length > from + WIDTH ? '…' : '';
      return [
        `  ${index + 1} | ${head}${printable(shown.replaceAll('\t', ' '))}${tail}`,
        `  ${gutter} | ${' '.repeat(head.length + column - from)}${'^'.repeat(carets)}`,
      ].join('\n');
    },
  };
}
