import type { CheckFailure } from '@pulumi/pulumi/dynamic';
import { z } from 'zod';
import { didYouMean, nearest } from '../model/suggestion.js';
import { failuresOfIssues } from './problems.js';
import type { Properties } from './state.js';

/** What a program gives, parsed; a name that there is not is told with those that it may have meant. */
export function parseInputs<Schema extends z.ZodObject>(
  schema: Schema,
  news: Properties,
): z.ZodSafeParseResult<z.infer<Schema>> {
  return schema.safeParse(news, { error: namingNearest });
}

/** Names that there are not, within values of which others are not known yet: those are looked at when they are. */
export function misnamedWithin(schema: z.ZodObject, news: Properties): CheckFailure[] {
  const { error } = parseInputs(schema, news);
  const issues = (error?.issues ?? []).filter(({ code }) => code === 'unrecognized_keys');
  return issues.length === 0 ? [] : failuresOfIssues(new z.ZodError(issues));
}

/** What the SDK tells of a program's own names, where one of them is none of the resource's. */
const Misnamed = z.object({ names: z.array(z.string()), known: z.array(z.string()) });

/**
 * A program in JavaScript has no compiler that says so. Without the property, whose value the engine would print.
 */
export function misnamedOf({ __misnamed }: Properties): CheckFailure[] {
  const { data } = Misnamed.safeParse(__misnamed);
  if (data === undefined) return [];
  return data.names.map((name) => ({ property: '', reason: `there is no argument ${noneOf(name, data.known)}` }));
}

function namingNearest(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code !== 'unrecognized_keys') return undefined;
  const known = issue.inst instanceof z.ZodObject ? Object.keys(issue.inst.shape) : [];
  return issue.keys.map((key) => `there is no ${noneOf(key, known)}`).join('; ');
}

function noneOf(name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  return `${JSON.stringify(name)}${near.length > 0 ? didYouMean(near) : `; there are ${known.join(', ')}`}`;
}
