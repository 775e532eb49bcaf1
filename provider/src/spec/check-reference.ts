import { parseReference } from '../model/reference.js';
import type { Complain } from './check-container.js';
import { type Path, quote } from './property.js';

/** Debian policy section 5.6.1 (names) and 5.6.12 (versions). */
const PACKAGE = /^[a-z0-9][a-z0-9+.-]+(=[A-Za-z0-9.+~:-]+)?$/;

/** What a reference has to be as a text; whether it leads anywhere is for its source to say. */
export function checkReference(text: string, path: Path, complain: Complain): void {
  const { transport, name } = parseReference(text);
  if (transport !== 'deb') {
    if (/\s/.test(text)) complain(path, `must have no spaces, got ${quote(text)}`);
    return;
  }
  if (name === '') {
    complain(path, 'names no package; wanted deb:NAME, or deb:NAME,NAME');
    return;
  }
  for (const item of name.split(',')) {
    if (PACKAGE.test(item)) continue;
    complain(
      path,
      `has ${quote(item)} in the place of a package; wanted NAME or NAME=VERSION, separated by commas alone`,
    );
  }
}
