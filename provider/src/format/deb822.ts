import { StringDecoder } from 'node:string_decoder';

/** A paragraph of deb822(5): field values by lower-case field name, in the order of the text. */
export type Stanza = ReadonlyMap<string, string>;

export interface Deb822Options {
  /** Lower-case names of the fields to keep; all by default. The others are checked no further than their lines. */
  readonly fields?: ReadonlySet<string>;
  /** Longest stanza in bytes. Default: 1 MiB. */
  readonly maxStanzaBytes?: number;
  /** How readDeb822() decodes bytes: `latin1` is faster, and right where all fields to keep are ASCII. Default: `utf8`. */
  readonly encoding?: 'utf8' | 'latin1';
  /** Whether lines that begin with `#` are comments, as in files written by people. Default: they are errors. */
  readonly comments?: boolean;
}

const DEFAULT_MAX_STANZA_BYTES = 1 << 20;

/**
 * Reads the stanzas of a deb822(5) text, such as a Release or a `.sources` file, in their order.
 * @throws {SyntaxError} with the line, for anything that is not a field, a continuation or an empty line; for a field
 * that stands twice in a stanza; and for a stanza that is too long.
 */
export function parseDeb822(text: string, options: Deb822Options = {}): Stanza[] {
  const reader = new StanzaReader(options);
  const stanzas = [...reader.read(text)];
  const last = reader.end();
  return last === undefined ? stanzas : [...stanzas, last];
}

/**
 * Reads stanzas from chunks of bytes, a batch for each chunk, so that a file of any size needs little memory.
 * @throws {SyntaxError} as parseDeb822() does.
 */
export async function* readDeb822(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: Deb822Options = {},
): AsyncGenerator<Stanza[]> {
  const limit = options.maxStanzaBytes ?? DEFAULT_MAX_STANZA_BYTES;
  const decoder = new StringDecoder(options.encoding ?? 'utf8');
  const reader = new StanzaReader(options);
  let rest = '';
  for await (const chunk of chunks) {
    const text = rest + decoder.write(chunk);
    const end = text.lastIndexOf('\n') + 1;
    rest = text.slice(end);
    if (rest.length > limit) throw new SyntaxError(`line ${reader.line}: a line is longer than ${limit} bytes`);
    const stanzas = [...reader.read(text.slice(0, end))];
    if (stanzas.length > 0) yield stanzas;
  }
  const stanzas = [...reader.read(rest + decoder.end())];
  const last = reader.end();
  if (last !== undefined) stanzas.push(last);
  if (stanzas.length > 0) yield stanzas;
}

/** Field names are printable ASCII without a colon, and begin with neither `#` nor `-` (deb822(5), "Syntax"). */
const FIELD_NAME = /^[!"$-,.-9;-~][!-9;-~]*$/;

/** Takes whole lines, gives whole stanzas. */
class StanzaReader {
  readonly #fields: ReadonlySet<string> | undefined;
  readonly #limit: number;
  readonly #comments: boolean;
  /** Lower-case form by name as written; names are few, so each is checked once. */
  readonly #names = new Map<string, string>();
  #stanza = new Map<string, string>();
  #seen = new Set<string>();
  #size = 0;
  /** The field that a continuation line belongs to; null for one that is not kept. */
  #field: string | null | undefined;
  line = 1;

  constructor(options: Deb822Options) {
    this.#fields = options.fields;
    this.#limit = options.maxStanzaBytes ?? DEFAULT_MAX_STANZA_BYTES;
    this.#comments = options.comments ?? false;
  }

  *read(text: string): Generator<Stanza> {
    for (let start = 0; start < text.length; this.line += 1) {
      const feed = text.indexOf('\n', start);
      const end = feed < 0 ? text.length : feed;
      const stanza = this.#readLine(text, start, end);
      if (stanza !== undefined) yield stanza;
      start = end + 1;
    }
  }

  end(): Stanza | undefined {
    if (this.#seen.size === 0) return undefined;
    const stanza = this.#stanza;
    this.#stanza = new Map();
    this.#seen = new Set();
    this.#size = 0;
    this.#field = undefined;
    return stanza;
  }

  #readLine(text: string, start: number, end: number): Stanza | undefined {
    const first = text.charCodeAt(start);
    if (start === end || isBlank(text, start, end)) return this.end();
    this.#size += end - start + 1;
    if (this.#size > this.#limit) this.#fail(`a stanza is longer than ${this.#limit} bytes`);
    if (first === 0x23 && this.#comments) return undefined;
    if (first === 0x20 || first === 0x09) this.#continue(text.slice(start, end));
    else this.#begin(text, start, end);
    return undefined;
  }

  #begin(text: string, start: number, end: number): void {
    const colon = text.indexOf(':', start);
    if (colon < 0 || colon >= end) this.#fail(`"${text.slice(start, Math.min(end, start + 40))}" is not a field`);
    const name = this.#nameOf(text.slice(start, colon));
    if (this.#seen.has(name)) this.#fail(`the field ${name} stands twice in one stanza`);
    this.#seen.add(name);
    if (this.#fields !== undefined && !this.#fields.has(name)) {
      this.#field = null;
      return;
    }
    this.#field = name;
    this.#stanza.set(name, text.slice(colon + 1, end).trim());
  }

  #continue(line: string): void {
    if (this.#field === undefined) this.#fail('a continuation line belongs to no field');
    if (this.#field === null) return;
    // deb822(5): the first blank says that the line goes on; a lone dot stands for an empty line.
    const content = line.slice(1).trimEnd();
    this.#stanza.set(this.#field, `${this.#stanza.get(this.#field)}\n${content === '.' ? '' : content}`);
  }

  #nameOf(text: string): string {
    const known = this.#names.get(text);
    if (known !== undefined) return known;
    if (text.length > 100 || !FIELD_NAME.test(text)) this.#fail(`"${text.slice(0, 40)}" is not a field name`);
    const name = text.toLowerCase();
    if (this.#names.size < 1000) this.#names.set(text, name);
    return name;
  }

  #fail(what: string): never {
    throw new SyntaxError(`line ${this.line}: ${what}`);
  }
}

/** Lines of blanks end a stanza in files written by people (deb822(5)). */
function isBlank(text: string, start: number, end: number): boolean {
  for (let index = start; index < end; index += 1) {
    const code = text.charCodeAt(index);
    if (code !== 0x20 && code !== 0x09 && code !== 0x0d) return false;
  }
  return true;
}
