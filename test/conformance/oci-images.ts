import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Images made and unpacked by tools that nobody here wrote. */

/** Runs a program in a folder; its output is in the error when it fails. */
export function run(folder: string, program: string, ...args: readonly string[]): string {
  return execFileSync(program, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] }).toString();
}

export const ROOTLESS = process.getuid?.() === 0 ? [] : ['--rootless'];

/** Makes `images:web` with umoci, one layer per script, each run by `sh` in the root of the image. */
export function umociImage(folder: string, scripts: readonly string[]): void {
  run(folder, 'umoci', 'init', '--layout', 'images');
  run(folder, 'umoci', 'new', '--image', 'images:web');
  for (const [index, script] of scripts.entries()) {
    run(folder, 'umoci', 'unpack', ...ROOTLESS, '--image', 'images:web', `bundle${index}`);
    run(join(folder, `bundle${index}`, 'rootfs'), 'sh', '-euc', script);
    run(folder, 'umoci', 'repack', '--image', 'images:web', `bundle${index}`);
  }
}

/** Adds a layer with an archive of GNU tar's, of what a script leaves in an empty folder. */
export function umociLayer(folder: string, name: string, script: string): void {
  mkdirSync(join(folder, name));
  run(join(folder, name), 'sh', '-euc', script);
  run(folder, 'tar', '--xattrs', '-cf', `${name}.tar`, '-C', name, '.');
  run(folder, 'umoci', 'raw', 'add-layer', '--image', 'images:web', `${name}.tar`);
}

/** The root that umoci unpacks. */
export function umociRoot(folder: string): string {
  run(folder, 'umoci', 'unpack', ...ROOTLESS, '--image', 'images:web', 'unpacked');
  return join(folder, 'unpacked', 'rootfs');
}

/** One line per path, sorted: type, permissions, owner where that can be seen, link, digest, first name of hard links. */
export function listFolder(root: string): string[] {
  const lines: string[] = [];
  const firstName = new Map<number, string>();
  const visit = (folder: string): void => {
    for (const name of readdirSync(join(root, folder)).sort()) {
      const path = folder === '' ? name : `${folder}/${name}`;
      const full = join(root, path);
      const status = lstatSync(full);
      const first = firstName.get(status.ino);
      if (status.isFile() && first === undefined) firstName.set(status.ino, path);
      const type = status.isDirectory() ? 'directory' : status.isSymbolicLink() ? 'symlink' : 'file';
      const what = status.isSymbolicLink()
        ? readlinkSync(full)
        : !status.isFile()
          ? ''
          : first === undefined
            ? createHash('sha256').update(readFileSync(full)).digest('hex')
            : `= ${first}`;
      lines.push(line({ path, type, mode: status.mode & 0o7777, uid: status.uid, gid: status.gid, what }));
      if (status.isDirectory()) visit(path);
    }
  };
  visit('');
  return lines.sort();
}

export function line({
  path,
  type,
  mode,
  uid,
  gid,
  what,
}: {
  readonly path: string;
  readonly type: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly what: string;
}): string {
  const owner = ROOTLESS.length === 0 ? ` ${uid}:${gid}` : '';
  return `${path} ${type} ${type === 'symlink' ? '' : mode.toString(8)}${owner} ${what}`.trim();
}

/** Keeps a file in a folder, whose own folders are made. */
export function keep(folder: string, path: string, text: string, mode = 0o644): void {
  mkdirSync(join(folder, path, '..'), { recursive: true });
  writeFileSync(join(folder, path), text, { mode });
}
