import { type FileEntry, imagePath } from '../model/spec.js';
import { type Complain, each } from './check-container.js';
import { checkCredentials } from './check-repositories.js';
import { type Path, quote } from './property.js';
import { Said } from './said.js';

const KINDS = ['contents', 'source', 'symlink', 'directory', 'metadata'] as const;

/** What the entries of a `files` section have to be beyond their types (facts 2.8). */
export function checkFiles(files: readonly FileEntry[], path: Path, complain: Complain): void {
  const paths = new Said(complain);
  each(files, path, (entry, at) => {
    checkKind(entry, at, complain);
    checkPath(entry, [...at, 'path'], complain);
    checkRemote(entry, at, complain);
    paths.say(entry.path, [...at, 'path'], { key: imagePath(entry.path), remedy: 'keep one of them', whole: at });
  });
}

function checkKind(entry: FileEntry, path: Path, complain: Complain): void {
  const kinds = KINDS.filter((kind) => entry[kind] !== undefined && entry[kind] !== false);
  const [, second] = kinds;
  if (kinds.length === 0) complain(path, `has no content; wanted one of ${KINDS.join(', ')}`, { code: 'missing' });
  else if (second !== undefined) {
    complain([...path, second], `cannot stand beside ${kinds[0]}; wanted only one of ${KINDS.join(', ')}`, {
      code: 'conflict',
    });
  }
}

function checkRemote({ source, mode, optional }: FileEntry, path: Path, complain: Complain): void {
  if (typeof source !== 'object') return;
  checkCredentials(source.url, [...path, 'source', 'url'], complain);
  const conflict = { code: 'conflict' } as const;
  if (mode !== undefined && source.unpack === true) {
    complain(
      [...path, 'mode'],
      'cannot stand beside "unpack": what is unpacked has the modes of the archive',
      conflict,
    );
  }
  if (optional === true) {
    complain([...path, 'optional'], 'cannot stand beside an address: its digest says that it is there', conflict);
  }
}

function checkPath(entry: FileEntry, path: Path, complain: Complain): void {
  const name = imagePath(entry.path);
  if (name === '') {
    complain(path, `must name something inside the root, got ${quote(entry.path)}`);
    return;
  }
  const parts = name.split('/');
  if (parts.includes('..')) complain(path, `must not leave the root through "..", got ${quote(entry.path)}`);
  else if (parts.some((part) => part === '' || part === '.')) {
    complain(path, `must have no empty parts and no ".", got ${quote(entry.path)}`);
  } else if (entry.path.endsWith('/') && entry.directory !== true) {
    complain(path, `ends in "/", but is not a directory: ${quote(entry.path)}`);
  }
}
