import { type DiffLine, type DiffLines, type DiffSection, diffLines } from './diff-lines.js';
import type { ImageDiff } from './image-diff.js';

/** What a part of the text is, for whoever colours it. */
export type Shade = DiffLine['kind'] | 'heading' | 'alarming' | 'faint';

export interface DiffTextOptions {
  readonly maxFiles: number;
  /** Puts colours around a text; default: none. */
  readonly paint?: (shade: Shade, text: string) => string;
}

const SIGNS = { added: '+', removed: '-', changed: '~' } as const;

/** A difference as lines for a terminal, each with its line break. */
export function formatDiff(diff: ImageDiff, options: DiffTextOptions): string {
  const paint = options.paint ?? ((_shade: Shade, text: string) => text);
  const { title, digests, sections }: DiffLines = diffLines(diff, options);
  const widest = Math.max(...sections.map(({ heading }) => heading.length));
  const lines = sections.flatMap((section) => sectionLines(section, { widest, paint }));
  if (!diff.different) lines.push('no difference');
  return `${[paint('heading', title), paint('faint', digests), ...lines].join('\n')}\n`;
}

type Paint = NonNullable<DiffTextOptions['paint']>;

function sectionLines(
  { heading, counts, lines, omitted }: DiffSection,
  style: { widest: number; paint: Paint },
): string[] {
  const { widest, paint } = style;
  const told = lines.map(({ kind, name, text, alarming }) => {
    const painted = paint(kind, `${SIGNS[kind]} ${name}`);
    return `  ${painted}${text === '' ? '' : `: ${alarming ? paint('alarming', text) : text}`}`;
  });
  if (omitted > 0) told.push(paint('faint', `  … and ${omitted} more (--files lists all)`));
  return [`${paint('heading', heading.padEnd(widest))}  ${counts}`, ...told];
}
