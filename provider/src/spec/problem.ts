import type { SpecErrorCode, SpecProblem } from './error.js';
import { type Lines, linesOf, type Span } from './excerpt.js';
import { type Path, propertyOf } from './property.js';

/** A problem before its place is told in lines. */
export interface Finding {
  readonly code: SpecErrorCode;
  readonly path: Path;
  readonly message: string;
  readonly span?: Span | undefined;
}

export type Report = (finding: Finding) => void;

/** So many problems of one source are kept: a hostile text can have one at every character. */
export const MAX_FINDINGS = 1000;

/** Gathers what is wrong with one source. */
export interface Findings {
  readonly found: readonly Finding[];
  readonly report: Report;
  /** Reports, unless something at the path or inside of it is reported already: one mistake is told once. */
  readonly reportUnlessTold: Report;
}

export function newFindings(): Findings {
  const found: Finding[] = [];
  const told = new Set<string>();

  function report(finding: Finding): void {
    if (found.length >= MAX_FINDINGS) return;
    found.push(finding);
    for (let length = finding.path.length; length > 0; length--) told.add(propertyOf(finding.path.slice(0, length)));
  }

  return {
    found,
    report,
    reportUnlessTold(finding) {
      if (!told.has(propertyOf(finding.path))) report(finding);
    },
  };
}

/** Findings of one source as problems, in the order of its text. */
export function problemsOf(
  found: readonly Finding[],
  source: { name: string; text?: string | undefined },
): SpecProblem[] {
  let lines: Lines | undefined;
  return found
    .map((finding, index) => ({ finding, index }))
    .sort((a, b) => (a.finding.span?.start ?? -1) - (b.finding.span?.start ?? -1) || a.index - b.index)
    .map(({ finding: { code, path, message, span } }) => {
      const problem = { code, property: propertyOf(path), message, path: source.name };
      if (source.text === undefined || span === undefined) return problem;
      lines ??= linesOf(source.text);
      return { ...problem, ...lines.positionOf(span.start), excerpt: lines.excerptOf(span) };
    });
}
