import { readFile, stat } from 'node:fs/promises';
import { dirname, isAbsolute, relative, resolve, sep } from 'node:path';
import { SourceError } from '../error.js';

/** A spec is written by people; this bounds what a wrong path can cost. */
const MAX_SPEC_BYTES = 4 * 1024 * 1024;

/** A spec as text with its name and the folder that its `source:` paths are relative to, or as an object. */
export type ReadSpec =
  | { readonly name: string; readonly text: string; readonly directory: string }
  | { readonly name: string; readonly object: unknown; readonly directory: string };

/**
 * Reads what a user may give as a spec: a path, a list of paths, YAML text (it has a line break), or an object.
 * Folders come back relative to `directory`, in POSIX form, `''` for itself.
 * @throws {SourceError} `not-found` or `unreadable`.
 */
export async function readSpec(spec: unknown, directory: string): Promise<ReadSpec[]> {
  if (Array.isArray(spec)) return Promise.all(spec.map((path) => readOne(String(path), directory)));
  if (typeof spec !== 'string') return [{ name: 'spec', object: spec, directory: '' }];
  if (spec.includes('\n')) return [{ name: 'spec', text: spec, directory: '' }];
  return [await readOne(spec, directory)];
}

async function readOne(path: string, directory: string): Promise<ReadSpec> {
  if (path === '-') return { name: '<standard input>', text: await readStandardInput(), directory: '' };
  const full = resolve(directory, path);
  const folder = isAbsolute(path) ? dirname(full) : relative(directory, dirname(full)).split(sep).join('/');
  try {
    const status = await stat(full);
    if (!status.isFile()) throw unreadable(path, 'it is not a file; name a YAML file');
    if (status.size > MAX_SPEC_BYTES) {
      throw unreadable(path, `it has ${status.size} bytes, and a spec has 4 MiB at the most; name a YAML file`);
    }
    const text = await readFile(full, 'utf8');
    // YAML 1.2, 5.1: it has no such character.
    if (text.includes('\0')) throw unreadable(path, 'it is not text; name a YAML file');
    return { name: path, text, directory: folder };
  } catch (error) {
    if (error instanceof SourceError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') {
      const what = isAbsolute(path)
        ? 'there is no such file; give the path of a YAML file'
        : `there is no such file in ${directory}; paths are relative to that folder`;
      throw new SourceError('not-found', `Cannot read the spec ${path}: ${what}`, {
        context: { path, property: 'spec' },
      });
    }
    throw unreadable(path, `${code ?? error}; give a file that can be read`, error);
  }
}

function unreadable(path: string, why: string, cause?: unknown): SourceError {
  return new SourceError('unreadable', `Cannot read the spec ${path}: ${why}`, {
    ...(cause === undefined ? {} : { cause }),
    context: { path, property: 'spec' },
  });
}

async function readStandardInput(): Promise<string> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of process.stdin) {
    chunks.push(chunk as Buffer);
    sizeBytes += (chunk as Buffer).length;
    if (sizeBytes > MAX_SPEC_BYTES) throw unreadable('-', 'it is longer than 4 MiB, the most a spec may have');
  }
  return Buffer.concat(chunks).toString('utf8');
}
