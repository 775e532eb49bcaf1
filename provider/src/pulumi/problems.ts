import type { CheckFailure } from '@pulumi/pulumi/dynamic';
import type { z } from 'zod';
import { describeError, IngotError } from '../model/error.js';

/** What the user's input has wrong, in the engine's form. Anything unexpected is thrown on. */
export function failuresOf(error: unknown): CheckFailure[] {
  if (!(error instanceof IngotError)) throw error;
  // The engine prints the value of a named property: of no use for a whole spec, so the property stays in the text.
  return [{ property: '', reason: describeError(error) }];
}

/** zod's issues as failures of the top-level property that they lie in, in the words of who writes a program. */
export function failuresOfIssues(error: z.ZodError): CheckFailure[] {
  return error.issues.map((issue) => {
    const [property, ...rest] = issue.path;
    const place = rest.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
    const reason = wantedOf(issue);
    return {
      property: String(property ?? ''),
      reason: place === '' ? reason : `${place.replace(/^\./, '')}: ${reason}`,
    };
  });
}

const KINDS: Readonly<Record<string, string>> = {
  int: 'a whole number',
  number: 'a number',
  string: 'a string',
  boolean: 'true or false',
  array: 'an array',
  object: 'an object',
  record: 'an object',
};

/** How zod's own texts begin; where a schema brings one, that says more. */
const OWN = /^(Too (big|small)|Invalid |Unrecognized )/;

/** Without the value, which may be a secret one. */
function wantedOf(issue: z.core.$ZodIssue): string {
  if (!OWN.test(issue.message)) return issue.message;
  switch (issue.code) {
    case 'invalid_type':
      return `it must be ${KINDS[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return `it must be ${issue.values.map((value) => JSON.stringify(value)).join(' or ')}`;
    case 'too_big':
      if (issue.origin === 'string') return `it must have ${issue.maximum} characters or fewer`;
      if (issue.origin === 'array') return `it must have ${issue.maximum} entries or fewer`;
      return issue.inclusive === false
        ? `it must be less than ${issue.maximum}`
        : `it must be ${issue.maximum} or less`;
    case 'too_small':
      if (issue.origin === 'string' || issue.origin === 'array') return 'it must not be empty';
      return issue.inclusive === false
        ? `it must be more than ${issue.minimum}`
        : `it must be ${issue.minimum} or more`;
    case 'invalid_format':
      return issue.format === 'starts_with' && 'prefix' in issue ? `it must start with ${issue.prefix}` : issue.message;
    case 'unrecognized_keys':
      return `there is no ${issue.keys.map((key) => JSON.stringify(key)).join(', ')}`;
    default:
      return issue.message;
  }
}
