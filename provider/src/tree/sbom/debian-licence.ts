import { parseDeb822, type Stanza } from '../../format/deb822.js';
import type { Component, TreeEntry } from '../../model/index.js';
import { bytesOf } from '../generated.js';
import type { Read } from '../root.js';
import { isLicenceExpression, licenceId } from './licence.js';

const PLACE = /(?:^|\/)usr\/share\/doc\/([^/]+)\/copyright$/;
/** The longest in Debian has 5 MB; those of what is put into images, some tens of kB. */
const MAX_BYTES = 1 << 20;
/** As many are told of one package. */
const MAX_LICENCES = 100;
const MAX_NAME_LENGTH = 200;

/** The terms of Debian packages by name, as far as their copyright files among the entries tell them in a set form. */
export async function debianLicences(
  { entries, components }: { readonly entries: readonly TreeEntry[]; readonly components: readonly Component[] },
  read: Read,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const packages = new Set(components.flatMap(({ id, kind }) => (kind === 'package' ? [id] : [])));
  const licences = new Map<string, readonly string[]>();
  for (const { path, component, content } of entries) {
    const name = packages.has(component) ? PLACE.exec(path)?.[1] : undefined;
    if (name === undefined || licences.has(name) || content === undefined || content.sizeBytes > MAX_BYTES) continue;
    const found = licencesIn(new TextDecoder().decode(await bytesOf(content, read)));
    if (found.length > 0) licences.set(name, found);
  }
  return licences;
}

/**
 * What a machine-readable copyright file (copyright-format 1.0) says of any of a package's files, sorted: expressions of
 * SPDX where Debian's names have one, else the names. Empty for a file that is written for people alone.
 */
export function licencesIn(text: string): string[] {
  if (!/^Format(-Specification)?:.*(copyright-format|dep5)/im.test(text.slice(0, 500))) return [];
  const names = stanzasOf(text)
    .filter((stanza) => stanza.has('files'))
    .flatMap((stanza) => termsIn((stanza.get('license') ?? '').split('\n')[0] ?? ''));
  const licences = new Set(names.map((name) => fromDebian(name.slice(0, MAX_NAME_LENGTH))));
  return [...licences].sort().slice(0, MAX_LICENCES);
}

function stanzasOf(text: string): readonly Stanza[] {
  try {
    return parseDeb822(text, { fields: new Set(['files', 'license']), comments: true });
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}

/** Terms that all hold, one by one. */
function termsIn(text: string): string[] {
  const terms = / or /i.test(text) ? [text] : text.split(/\s+and\s+/i);
  return terms.map((term) => term.trim()).filter((term) => term !== '');
}

/** copyright-format 1.0, "License syntax": short names with `and` and `or`; `and` binds first there too. */
function fromDebian(text: string): string {
  const expression = text
    .split(/\s+(and|or)\s+/i)
    .map((word, index) => (index % 2 === 1 ? word.toUpperCase() : licenceId(word)))
    .join(' ');
  return isLicenceExpression(expression) ? expression : text;
}
