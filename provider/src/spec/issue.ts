import type { z } from 'zod';
import { nearest } from '../model/suggestion.js';
import { keySpanOf, type Located, locate, spanOf } from './located.js';
import { type Finding, MAX_FINDINGS } from './problem.js';
import { nameOf, type Path, propertyOf, quote } from './property.js';
import { suggestion } from './suggest.js';
import { keysOf, kindOf, schemaAt, wantedOf } from './wanted.js';

type Issue = z.core.$ZodIssue;

/** What LinuxKit's files may have and Ingot does not take, with what to say of it. */
const REFUSED_KEYS: Readonly<Record<string, string>> = {
  trust: 'LinuxKit itself ignores it: remove it',
};

/** A finding, with the path that was most likely meant where a key is misspelt. */
export type Fault = Finding & { readonly meant?: Path };

/** What a schema has against a value, in the words of its users and with places. */
export function faultsOf(issues: readonly Issue[], schema: z.core.$ZodType, root: Located): Fault[] {
  return issues.flatMap((issue) => describe(issue, schema, root));
}

/** The faults without those that only echo another: who wrote "imge" has not forgotten "image". */
export function withoutEchoes(faults: readonly Fault[]): readonly Fault[] {
  const meant = new Set(faults.flatMap((fault) => (fault.meant === undefined ? [] : [propertyOf(fault.meant)])));
  return faults.filter(({ code, path }) => code !== 'missing' || !meant.has(propertyOf(path)));
}

function describe(issue: Issue, schema: z.core.$ZodType, root: Located): Fault[] {
  const path = issue.path as Path;
  if (issue.code === 'unrecognized_keys')
    return issue.keys.slice(0, MAX_FINDINGS).map((key) => unknownKey([...path, key], schema, root));
  if (issue.code === 'invalid_union') {
    const branch = branchMeant(issue, locate(root, path)?.value);
    if (branch !== undefined) {
      return branch.flatMap((inner) => describe({ ...inner, path: [...issue.path, ...inner.path] }, schema, root));
    }
  }
  const found = locate(root, path);
  if (found === undefined && path.length > 0) return [missingKey(path, schema, root)];
  const value = found?.value;
  const span = spanOf(root, path);
  if (issue.code === 'invalid_type' || issue.code === 'invalid_union') {
    return [{ code: 'wrong-type', path, message: wrongType(path, value, schemaAt(schema, path), root), span }];
  }
  return [{ code: 'invalid-value', path, message: `${nameOf(path)} ${wrongValue(issue, value)}`, span }];
}

function unknownKey(path: Path, schema: z.core.$ZodType, root: Located): Fault {
  const key = String(path.at(-1));
  const around = path.slice(0, -1);
  const choices = keysOf(schemaAt(schema, around));
  const refused = around.length === 0 ? REFUSED_KEYS[key] : undefined;
  const advice = refused === undefined ? suggestion(key, choices) : `; ${refused}`;
  const fallback = choices.length <= 12 ? `; wanted ${listOf(choices)}` : '';
  const message = `unknown key ${quote(key)} in ${nameOf(around)}${advice || fallback}`;
  const finding = { code: 'unknown-key', path, message, span: keySpanOf(root, path) } as const;
  const [meant] = nearest(key, choices);
  return meant === undefined ? finding : { ...finding, meant: [...around, meant] };
}

function missingKey(path: Path, schema: z.core.$ZodType, root: Located): Finding {
  const around = path.slice(0, -1);
  const wanted = wantedOf(schemaAt(schema, path) as z.core.$ZodType);
  const message = `${nameOf(around)} has no ${quote(String(path.at(-1)))}; wanted ${wanted}`;
  return { code: 'missing', path, message, span: spanOf(root, around) };
}

function wrongType(path: Path, value: unknown, schema: z.core.$ZodType | undefined, root: Located): string {
  const wanted = schema === undefined ? 'something else' : wantedOf(schema);
  const isPlain = typeof value === 'number' || typeof value === 'boolean';
  const advice = isPlain && wanted === 'a text' && root.span !== undefined ? '; put it in quotes' : '';
  return `${nameOf(path)} must be ${wanted}, got ${kindOf(value)}${advice}`;
}

function wrongValue(issue: Issue, value: unknown): string {
  const got =
    typeof value === 'string' && value !== ''
      ? `, got ${quote(value)}`
      : typeof value === 'number'
        ? `, got ${value}`
        : '';
  switch (issue.code) {
    case 'invalid_value': {
      const choices = issue.values.map(String);
      return `must be ${listOf(choices)}${got}${typeof value === 'string' ? suggestion(value, choices) : ''}`;
    }
    case 'too_small':
      if (issue.origin === 'string' || issue.origin === 'array') return 'must not be empty';
      return `must be ${issue.minimum} or more${got}`;
    case 'too_big':
      if (issue.origin === 'string') return `${issue.message}${got}`;
      return `must be ${issue.maximum} or less${got}`;
    case 'invalid_key':
      return 'has a key that cannot be used';
    default:
      return `${issue.message}${got}`;
  }
}

/** The one branch of a union whose type the value has: what it says is what the user wants to know. */
function branchMeant(issue: z.core.$ZodIssueInvalidUnion, value: unknown): readonly Issue[] | undefined {
  const isOtherType = ({ code, path }: Issue) =>
    path.length === 0 && (code === 'invalid_type' || (code === 'invalid_value' && typeof value !== 'string'));
  const meant = issue.errors.filter((branch) => !branch.some(isOtherType));
  return meant.length === 1 ? meant[0] : undefined;
}

function listOf(choices: readonly string[]): string {
  const quoted = choices.map((choice) => JSON.stringify(choice));
  return quoted.length < 2 ? quoted.join('') : `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}`;
}
