import { type DiffLine, type DiffLines, type DiffSection, diffLines } from './diff-lines.js';
import type { ImageDiff } from './image-diff.js';

/** What a part of the text is, for whoever colours it. */
export type Shade = DiffLine['kind'] | 'heading' | 'alarming' | 'faint';

export interface DiffTextOptions {
  readonly maxFiles: number;
  /** Columns of the terminal: what is longer is told on several lines. Default: as many as it takes. */
  readonly width?: number;
  /** Puts colours around a text; default: none. */
  readonly paint?: (shade: Shade, text: string) => string;
}

const LINE_START = '  + ';
const INDENT = '      ';
const SIGNS = { added: '+', removed: '-', changed: '~' } as const;

/** A difference as lines for a terminal, each with its line break. */
export function formatDiff(diff: ImageDiff, options: DiffTextOptions): string {
  const paint = options.paint ?? ((_shade: Shade, text: string) => text);
  const { title, digests, sections }: DiffLines = diffLines(diff, options);
  const widest = Math.max(...sections.map(({ heading }) => heading.length));
  const width = options.width ?? Number.POSITIVE_INFINITY;
  const lines = sections.flatMap((section) => sectionLines(section, { widest, width, paint }));
  if (!diff.different) lines.push('no difference');
  return `${[paint('heading', title), paint('faint', digests), ...lines].join('\n')}\n`;
}

type Paint = NonNullable<DiffTextOptions['paint']>;

function sectionLines(
  { heading, counts, lines, omitted }: DiffSection,
  style: { widest: number; width: number; paint: Paint },
): string[] {
  const { widest, width, paint } = style;
  const told = lines.flatMap(({ kind, name, text, alarming }) => {
    const painted = `  ${paint(kind, `${SIGNS[kind]} ${name}`)}`;
    const shade = (part: string): string => (alarming ? paint('alarming', part) : part);
    if (text === '') return [painted];
    if (LINE_START.length + name.length + 2 + text.length <= width) return [`${painted}: ${shade(text)}`];
    return [`${painted}:`, ...wrapped(text, width - INDENT.length).map((part) => `${INDENT}${shade(part)}`)];
  });
  if (omitted > 0) told.push(paint('faint', `  … and ${omitted} more (--files lists all)`));
  return [`${paint('heading', heading.padEnd(widest))}  ${counts}`, ...told];
}

/** A text in lines: what was, and what is, each on its own; and these at their spaces, where they are too long. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const [index, side] of text.split(' => ').entries()) {
    let line = index === 0 ? '' : '=>';
    for (const word of side.split(' ')) {
      if (line !== '' && line !== '=>' && line.length + 1 + word.length > width) {
        lines.push(line);
        line = word;
      } else line = line === '' ? word : `${line} ${word}`;
    }
    lines.push(line);
  }
  return lines;
}
