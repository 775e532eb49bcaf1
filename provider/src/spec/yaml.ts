import {
  type Alias,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  parseDocument,
  type YAMLMap,
} from 'yaml';
import type { Span } from './excerpt.js';
import { type Located, MAX_DEPTH, MAX_VALUES } from './located.js';
import type { Report } from './problem.js';
import { nameOf, type Path, quote } from './property.js';
import { isWithinLimits } from './yaml-limits.js';
import { reportSyntax } from './yaml-syntax.js';

/** Tags of the YAML 1.2 core schema (section 10.3), which say what a value is anyway. */
const CORE_TAGS = new Set(
  ['map', 'seq', 'str', 'null', 'bool', 'int', 'float'].map((name) => `tag:yaml.org,2002:${name}`),
);

/**
 * Reads one YAML 1.2 document of the core schema, with anchors, aliases and merge keys (`<<`). Time and memory are
 * bounded, whatever the text. Returns nothing where the text is no YAML, or is beyond a limit.
 */
export function locateYaml(text: string, report: Report): Located | undefined {
  if (!isWithinLimits(text, report)) return undefined;
  // The library compares every key of a map with every other: duplicates are looked for here instead.
  const document = parseDocument(text, {
    version: '1.2',
    schema: 'core',
    uniqueKeys: false,
    resolveKnownTags: false,
    prettyErrors: false,
    stringKeys: false,
  });
  if (reportSyntax(document, text, report)) return undefined;
  if (document.contents === null) return { value: undefined, values: 1 };
  return new Reader(report).read(document.contents);
}

/** What a part of a document reads as while its aliases and limits are looked after. */
class Reader {
  readonly #report: Report;
  /** By name, the last one so far; nothing where it is being read still. */
  readonly #anchors = new Map<string, Located | undefined>();
  #values = 0;
  #beyond = false;

  constructor(report: Report) {
    this.#report = report;
  }

  read(root: Node): Located | undefined {
    const located = this.#node(root, []);
    return this.#beyond ? undefined : located;
  }

  #node(node: unknown, path: Path): Located {
    const span = spanOfNode(node);
    if (path.length > MAX_DEPTH) return this.#stop(path, `is nested deeper than ${MAX_DEPTH} levels`, span);
    if (isAlias(node)) return this.#alias(node, path, span);
    if (!this.#count(1, path, span)) return nothing(span);

    const { tag, anchor } = isNode(node) ? (node as { tag?: string; anchor?: string }) : {};
    if (tag !== undefined && !CORE_TAGS.has(tag)) {
      const message = `${nameOf(path)} has the tag ${quote(tag.replace(/^tag:yaml\.org,2002:/, '!!'))}; wanted plain YAML without tags`;
      this.#report({ code: 'syntax', path, message, span });
    }
    if (anchor !== undefined) this.#anchors.set(anchor, undefined);
    const located = this.#content(node, path, span);
    if (anchor !== undefined) this.#anchors.set(anchor, located);
    return located;
  }

  #content(node: unknown, path: Path, span: Span | undefined): Located {
    if (isMap(node)) return this.#map(node, path, span);
    if (!isSeq(node)) return { value: isScalar(node) ? node.value : null, ...(span && { span }), values: 1 };
    const value: unknown[] = [];
    const children = new Map<string, { located: Located }>();
    let values = 1;
    for (const [index, item] of node.items.entries()) {
      if (this.#beyond) break;
      const located = this.#node(item, [...path, index]);
      value.push(located.value);
      children.set(String(index), { located });
      values += located.values;
    }
    return { value, children, ...(span && { span }), values };
  }

  #map(node: YAMLMap, path: Path, span: Span | undefined): Located {
    const entries: Entries = new Map();
    const merged: Entries[] = [];
    let values = 1;
    for (const pair of node.items) {
      if (this.#beyond) break;
      if (isMergeKey(pair)) {
        const { sources, values: more } = this.#merge(pair, path);
        merged.push(...sources);
        values += more;
        continue;
      }
      const keySpan = spanOfNode(pair.key);
      const key = this.#key(pair, path, entries);
      // What is under a bad key is read too, for anchors that others refer to.
      const located = this.#node(pair.value, [...path, key ?? '?']);
      values += located.values;
      if (key !== undefined) entries.set(key, { located, ...(keySpan && { key: keySpan }) });
    }
    // YAML 1.1 "merge": a key of the map itself wins, then that of the earlier source.
    for (const source of merged) for (const [key, entry] of source) if (!entries.has(key)) entries.set(key, entry);
    const value: Record<string, unknown> = {};
    for (const [key, { located }] of entries) value[key] = located.value;
    return { value, children: entries, ...(span && { span }), values };
  }

  /** The key of a pair as text; nothing where it cannot be one, which is reported. */
  #key(pair: Pair, path: Path, entries: Entries): string | undefined {
    const span = spanOfNode(pair.key);
    const key: unknown = isScalar(pair.key) ? pair.key.value : pair.key;
    if (isScalar(pair.key) && pair.key.anchor !== undefined) {
      this.#anchors.set(pair.key.anchor, { value: key, ...(span && { span }), values: 1 });
    }
    if (typeof key !== 'string') {
      const message = `a key of ${nameOf(path)} is not a text; put it in quotes`;
      this.#report({ code: 'syntax', path, message, span });
      return undefined;
    }
    if (key === '__proto__') {
      this.#report({
        code: 'unknown-key',
        path: [...path, key],
        message: `unknown key "__proto__" in ${nameOf(path)}`,
        span,
      });
      return undefined;
    }
    if (entries.has(key)) {
      const message = `the key ${quote(key)} is in ${nameOf(path)} twice; keep one of them`;
      this.#report({ code: 'duplicate-key', path: [...path, key], message, span });
      return undefined;
    }
    return key;
  }

  /** The maps that a merge key names: one, or a list of them. */
  #merge(pair: Pair, path: Path): { sources: Entries[]; values: number } {
    const span = spanOfNode(pair.key);
    const located = this.#node(pair.value, [...path, '<<']);
    const candidates = Array.isArray(located.value)
      ? [...(located.children?.values() ?? [])].map((child) => child.located)
      : [located];
    const sources: Entries[] = [];
    for (const { value, children } of candidates) {
      if (typeof value === 'object' && value !== null && !Array.isArray(value) && children !== undefined) {
        sources.push(children as Entries);
      } else if (!this.#beyond) {
        const message = `the merge key "<<" in ${nameOf(path)} must name a map, or a list of maps`;
        this.#report({ code: 'wrong-type', path, message, span });
      }
    }
    return { sources, values: located.values };
  }

  #alias(node: Alias, path: Path, span: Span | undefined): Located {
    const target = this.#anchors.get(node.source);
    if (target === undefined) {
      const why = this.#anchors.has(node.source) ? 'is inside of what it stands for' : 'has no anchor before it';
      this.#report({ code: 'syntax', path, message: `the alias ${quote(`*${node.source}`)} ${why}`, span });
      return nothing(span);
    }
    return this.#count(target.values, path, span) ? target : nothing(span);
  }

  /** Counts values, aliases written out, so that a few aliases of aliases cannot stand for millions. */
  #count(values: number, path: Path, span: Span | undefined): boolean {
    this.#values += values;
    if (this.#values > MAX_VALUES)
      this.#stop(path, `takes the spec over ${MAX_VALUES} values, aliases written out`, span);
    return !this.#beyond;
  }

  #stop(path: Path, what: string, span: Span | undefined): Located {
    const shown = path.slice(0, 4);
    if (!this.#beyond) this.#report({ code: 'limit', path: shown, message: `${nameOf(shown)} ${what}`, span });
    this.#beyond = true;
    return nothing(span);
  }
}

type Entries = Map<string, { located: Located; key?: Span }>;

function nothing(span: Span | undefined): Located {
  return { value: undefined, ...(span && { span }), values: 1 };
}

function isMergeKey(pair: Pair): boolean {
  return isScalar(pair.key) && pair.key.value === '<<' && pair.key.type === 'PLAIN';
}

/** The place of a node; that of a list or map is its start alone, since carets under all of it would say nothing. */
function spanOfNode(node: unknown): Span | undefined {
  const range = (node as { range?: readonly number[] | null } | null)?.range;
  const [start, end] = range ?? [];
  if (start === undefined || end === undefined) return undefined;
  return { start, end: isMap(node) || isSeq(node) ? start + 1 : end };
}
