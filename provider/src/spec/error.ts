import { IngotError } from '../model/error.js';

/** What kind of wrong a problem is. */
export type SpecErrorCode =
  /** Not YAML, or YAML that is refused: other tags, several documents. */
  | 'syntax'
  /** Too long, too deep, or too much once its aliases are written out. */
  | 'limit'
  | 'duplicate-key'
  | 'unknown-key'
  | 'wrong-type'
  /** A key that is needed is not there. */
  | 'missing'
  /** The right type, but not a value that can be used. */
  | 'invalid-value'
  /** Two things that cannot both be there. */
  | 'conflict';

/** One thing that is wrong with a spec. */
export interface SpecProblem {
  readonly code: SpecErrorCode;
  /** Where in the spec, such as `services[0].image`; empty for the whole. */
  readonly property: string;
  /** One sentence that names the property, without the position. */
  readonly message: string;
  /** The source's name: a path as the user wrote it, `<standard input>`, or `spec` for an object. */
  readonly path?: string;
  /** 1-based position in the text, in UTF-16 code units; none for an object. */
  readonly line?: number;
  readonly column?: number;
  /** The line of the text, and under it a line of carets. */
  readonly excerpt?: string;
}

/** So many problems are written out; the rest is counted. All of them are in `problems`, which is bounded too. */
const MAX_SHOWN = 25;

/** A spec that cannot be used, with everything that is wrong with it, in the order of the sources and of their text. */
export class SpecError extends IngotError<SpecErrorCode> {
  readonly problems: readonly SpecProblem[];

  constructor(problems: readonly [SpecProblem, ...SpecProblem[]]) {
    const [first] = problems;
    const { path, line, column, property } = first;
    const shown = problems.slice(0, MAX_SHOWN).map(describeProblem);
    if (problems.length > MAX_SHOWN) shown.push(`and ${problems.length - MAX_SHOWN} more`);
    super(first.code, shown.join('\n'), {
      context: {
        property,
        ...(path === undefined ? {} : { path }),
        ...(line === undefined ? {} : { line }),
        ...(column === undefined ? {} : { column }),
      },
    });
    this.problems = problems;
  }
}

/** A problem as compilers write it: `web.yml:12:5: unknown key …`, and the line that it is in, where there is one. */
export function describeProblem(problem: SpecProblem): string {
  const { path, line, column, message, excerpt } = problem;
  const position = [path, line, column].filter((part) => part !== undefined).join(':');
  const sentence = position === '' ? message : `${position}: ${message}`;
  return excerpt === undefined ? sentence : `${sentence}\n${excerpt}`;
}
