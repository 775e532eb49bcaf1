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

/** Larger texts outlive what is cut out of them: indexing a large suite takes 40 MB more memory with them. */
const PIECE_BYTES = 16 << 10;

/**
 * Reads stanzas from chunks of bytes, batch by batch, so that a file of any size needs little memory.
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
    for (let at = 0; at < chunk.byteLength; at += PIECE_BYTES) {
      const text = rest + decoder.write(chunk.subarray(at, at + PIECE_BYTES));
      const end = text.lastIndexOf('\n') + 1;
      rest = text.slice(end);
      if (rest.length > limit) throw new SyntaxError(`line ${reader.line}: a line is longer than ${limit} bytes`);
      const stanzas = [...reader.read(text.slice(0, end))];
      if (stanzas.length > 0) yield stanzas;
    }
  }
  const stanzas = [...reader.read(rest + decoder.end())];
  const last = reader.end();
  if (last !== undefined) stanzas.push(last);
  if (stanzas.length > 0) yield stanzas;
}

/** Each in two spellings, as a rule. */
const MAX_NAMES = 20_000;

/** Field names are printable ASCII without a colon, and begin with neither `#` nor `-` (deb822(5), "Syntax"). */
const FIELD_NAME = /^[!"$-,.-9;-~][!-9;-~]*$/;

/** A name that some field has. */
interface FieldName {
  /** In lower case. */
  readonly name: string;
  readonly kept: boolean;
  /** The last stanza that had it, by its number. */
  seenIn: number;
}

/** Takes whole lines, gives whole stanzas. */
class StanzaReader {
  readonly #fields: ReadonlySet<string> | undefined;
  readonly #limit: number;
  readonly #comments: boolean;
  /** By name as written, and by lower-case name; names are few, so each is checked once. */
  readonly #names = new Map<string, FieldName>();
  #stanza = new Map<string, string>();
  /** Of the stanza that is being read. */
  #number = 1;
  #size = 0;
  /** The field that a continuation line belongs to. */
  #field: FieldName | undefined;
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
    if (this.#field === undefined) return undefined;
    const stanza = this.#stanza;
    this.#stanza = new Map();
    this.#number += 1;
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
    const field = this.#nameOf(text.slice(start, colon));
    if (field.seenIn === this.#number) this.#fail(`the field ${field.name} stands twice in one stanza`);
    field.seenIn = this.#number;
    this.#field = field;
    if (field.kept) this.#stanza.set(field.name, text.slice(colon + 1, end).trim());
  }

  #continue(line: string): void {
    if (this.#field === undefined) this.#fail('a continuation line belongs to no field');
    const { name, kept } = this.#field;
    if (!kept) return;
    // deb822(5): the first blank says that the line goes on; a lone dot stands for an empty line.
    const content = line.slice(1).trimEnd();
    this.#stanza.set(name, `${this.#stanza.get(name)}\n${content === '.' ? '' : content}`);
  }

  #nameOf(text: string): FieldName {
    const known = this.#names.get(text);
    if (known !== undefined) return known;
    if (text.length > 100 || !FIELD_NAME.test(text)) this.#fail(`"${text.slice(0, 40)}" is not a field name`);
    if (this.#names.size > MAX_NAMES) this.#fail(`there are more than ${MAX_NAMES / 2} names of fields`);
    const name = text.toLowerCase();
    const kept = this.#fields === undefined || this.#fields.has(name);
    const field = this.#names.get(name) ?? { name, kept, seenIn: 0 };
    this.#names.set(name, field);
    this.#names.set(text, field);
    return field;
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
