import { stringify } from 'yaml';
import type { Spec } from '../model/index.js';
import { type GoValue, goJson } from './go-json.js';

/** The spec as a file in the image: members sorted, since the order they were written in is not part of the lock. */
export function metadataText(spec: Spec, notation: 'json' | 'yaml'): string {
  if (notation === 'json') return goJson(mapped(spec as GoValue));
  return stringify(spec, { sortMapEntries: true, lineWidth: 0, aliasDuplicateObjects: false });
}

/** Objects as Maps, whose keys are sorted when they are written. */
function mapped(value: GoValue): GoValue {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map((item: GoValue) => mapped(item));
  const members = Object.entries(value as { readonly [key: string]: GoValue | undefined });
  return new Map(members.flatMap(([key, member]) => (member === undefined ? [] : [[key, mapped(member)] as const])));
}
