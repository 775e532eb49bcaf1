import { compareByBytes } from './byte-order.js';

/** What Go's encoder can be given: members of an object keep their order, keys of a Map are sorted. */
export type GoValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | readonly GoValue[]
  | ReadonlyMap<string, GoValue>
  | { readonly [key: string]: GoValue | undefined };

const INDENT = '    ';

/**
 * JSON as Go's `json.MarshalIndent(value, "", "    ")` writes it: four spaces, `<`, `>` and `&` escaped, no final
 * newline. Members that are undefined are left out.
 */
export function goJson(value: GoValue, indent = ''): string {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'string') return goString(value);
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const inner = indent + INDENT;
  if (Array.isArray(value)) {
    return enclosed(
      '[]',
      value.map((item: GoValue) => goJson(item, inner)),
      indent,
    );
  }
  const members = membersOf(value as ReadonlyMap<string, GoValue> | { readonly [key: string]: GoValue | undefined });
  return enclosed(
    '{}',
    members.map(([key, member]) => `${goString(key)}: ${goJson(member, inner)}`),
    indent,
  );
}

function membersOf(
  value: ReadonlyMap<string, GoValue> | { readonly [key: string]: GoValue | undefined },
): [string, GoValue][] {
  if (value instanceof Map) return [...value].sort(([a], [b]) => compareByBytes(a, b));
  return Object.entries(value).filter((member): member is [string, GoValue] => member[1] !== undefined);
}

function enclosed(brackets: '[]' | '{}', items: readonly string[], indent: string): string {
  if (items.length === 0) return brackets;
  return `${brackets[0]}\n${items.map((item) => indent + INDENT + item).join(',\n')}\n${indent}${brackets[1]}`;
}

/** encoding/json's string with EscapeHTML on. */
function goString(text: string): string {
  return JSON.stringify(text.toWellFormed()).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
