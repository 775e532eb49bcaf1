import { isPackageFile, type LocalReference, parseReference } from '../model/reference.js';
import type { Complain } from './check-container.js';
import { type Path, quote } from './property.js';

/** Debian policy section 5.6.1 (names) and 5.6.12 (versions). */
const PACKAGE = /^[a-z0-9][a-z0-9+.-]+(=[A-Za-z0-9.+~:-]+)?$/;

/** A package by its name, or a package file by its path. */
export function isPackage(item: string): boolean {
  return isPackageFile(item) ? /^[^\s,]+$/.test(item) : PACKAGE.test(item);
}

/** What a reference has to be as a text; whether it leads anywhere is for its source to say. */
export function checkReference(text: string, path: Path, complain: Complain): void {
  const { transport, name, local } = parseReference(text);
  if (local !== undefined) {
    checkLocal(local, path, complain);
    return;
  }
  if (transport !== 'deb') {
    if (/\s/.test(text)) complain(path, `must have no spaces, got ${quote(text)}`);
    return;
  }
  if (name === '') {
    complain(path, 'names no package; wanted deb:NAME, or deb:NAME,NAME');
    return;
  }
  for (const item of name.split(',')) {
    if (isPackage(item)) continue;
    complain(
      path,
      `has ${quote(item)} in the place of a package; wanted NAME, NAME=VERSION or FILE.deb, separated by commas alone`,
    );
  }
}

const FORMS = {
  oci: 'oci:FOLDER, oci:FOLDER:TAG or oci:FOLDER@sha256:…',
  'oci-archive': 'oci-archive:FILE, oci-archive:FILE:TAG or oci-archive:FILE@sha256:…',
  'docker-archive': 'docker-archive:FILE or docker-archive:FILE:NAME:TAG',
  dir: 'dir:FOLDER',
} as const;

function checkLocal({ transport, path: place, image }: LocalReference, path: Path, complain: Complain): void {
  const wanted = `wanted ${FORMS[transport]}`;
  if (place === '') complain(path, `names no path; ${wanted}`);
  else if (transport !== 'dir' && (/@sha256$/.test(place) || image.includes('@')))
    complain(path, `has no proper digest after "@"; ${wanted}`);
  else if (/\s/.test(image)) complain(path, `must have no spaces in the name of the image; ${wanted}`);
}
