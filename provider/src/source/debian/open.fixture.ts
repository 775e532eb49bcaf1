import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { sha256 } from '../../model/digest.js';
import type { PinnedPackage } from '../../model/pin.js';
import type { Mirrors } from './mirrors.js';

/** Packages made with dpkg-deb, on a mirror in a local folder: for tests only. */

export interface FixturePackage {
  readonly name: string;
  readonly version?: string;
  /** By path. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  /** Of the control archive, by name; `control` is made. */
  readonly control?: Readonly<Record<string, string>>;
  readonly compression?: 'none' | 'gzip' | 'xz' | 'zstd';
  /** Changes the folder before it is packed. */
  readonly prepare?: (root: string) => void;
}

export function mirrorIn(folder: string): Mirrors {
  const address = pathToFileURL(join(folder, 'mirror')).href;
  return { main: address, security: `${address}-security` };
}

/** Builds a package, puts it on the mirror of `mirrorIn`, and returns its pin. */
export function buildPackage(folder: string, fixture: FixturePackage): PinnedPackage {
  const { name, version = '1.0-1', files = {}, control = {}, compression = 'xz' } = fixture;
  const root = join(folder, `root-${name}`);
  rmSync(root, { recursive: true, force: true });
  const scripts = ['preinst', 'postinst', 'prerm', 'postrm', 'config'];
  const write = (path: string, body: string | Uint8Array, mode: number) => {
    mkdirSync(dirname(join(root, path)), { recursive: true, mode: 0o755 });
    writeFileSync(join(root, path), body, { mode });
  };
  write(
    'DEBIAN/control',
    `Package: ${name}\nVersion: ${version}\nArchitecture: amd64\nMaintainer: T <t@example.org>\nDescription: for tests\n of reading\n`,
    0o644,
  );
  for (const [file, body] of Object.entries(control))
    write(`DEBIAN/${file}`, body, scripts.includes(file) ? 0o755 : 0o644);
  for (const [path, body] of Object.entries(files)) write(path, body, 0o644);
  // Whatever the umask is.
  execFileSync('chmod', ['-R', 'u=rwX,go=rX', root]);
  fixture.prepare?.(root);
  const path = `pool/main/${name}_${version}_amd64.deb`;
  const deb = join(folder, 'mirror', path);
  mkdirSync(dirname(deb), { recursive: true });
  const flags = ['--root-owner-group', '--uniform-compression', `-Z${compression}`];
  // One time for all files, so that the same files give the same package.
  execFileSync('dpkg-deb', [...flags, '--build', root, deb], {
    env: { ...process.env, SOURCE_DATE_EPOCH: '1000000000' },
  });
  return pinOf(deb, { name, version, path });
}

/** The pin of a file that is on the mirror already. */
export function pinOf(deb: string, named: Pick<PinnedPackage, 'name' | 'version' | 'path'>): PinnedPackage {
  const bytes = readFileSync(deb);
  return { ...named, architecture: 'amd64', archive: 'main', digest: sha256(bytes), sizeBytes: bytes.length };
}
