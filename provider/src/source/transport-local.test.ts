import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { FixtureBlobs, tarOf, writeLayout } from './oci/image.fixture.js';
import { type TransportCase, transportContract } from './transport.fixture.js';

const PATHS = ['etc/motd', 'bin/web'];

function layoutIn(folder: string): void {
  const blobs = new FixtureBlobs();
  const base = { files: { etc: null, 'etc/motd': 'welcome\n' } };
  const image = blobs.addImage({
    layers: [base, { files: { 'bin/web': 'x'.repeat(5000) }, compression: 'zstd' }, base],
    config: { Entrypoint: ['/bin/web'] },
  });
  const other = blobs.addImage({ layers: [base], platform: { os: 'linux', architecture: 'arm64', variant: 'v8' } });
  writeLayout(join(folder, 'images'), blobs, { web: blobs.addIndex([other, image]), other });
}

/** Flips a bit in the largest file below a folder: a layer. */
function damageLargest(folder: string): void {
  const list = execFileSync('find', [folder, '-type', 'f', '-printf', '%s %p\n']).toString().trim().split('\n');
  const largest = list.sort((a, b) => Number.parseInt(b, 10) - Number.parseInt(a, 10))[0] as string;
  damage(largest.slice(largest.indexOf(' ') + 1), 0.5);
}

function damage(path: string, where: number): void {
  const bytes = readFileSync(path);
  const at = Math.floor(bytes.length * where);
  bytes[at] = (bytes[at] as number) ^ 1;
  writeFileSync(path, bytes);
}

const remove = (name: string) => (folder: string) => rmSync(join(folder, name), { recursive: true });

transportContract('oci:', {
  make: (folder) => {
    layoutIn(folder);
    return 'oci:images:web';
  },
  paths: PATHS,
  damage: (folder) => {
    // All of them, since an index holds more than one image.
    for (const name of execFileSync('ls', [join(folder, 'images/blobs/sha256')])
      .toString()
      .trim()
      .split('\n')) {
      damage(join(folder, 'images/blobs/sha256', name), 0.9);
    }
  },
  remove: remove('images'),
  unknown: 'oci:images:wbe',
  unknownMessage: /it has no image wbe; it has web, other; did you mean web\?/,
});

const inArchive = (name: string, arrange: (folder: string) => void): TransportCase => ({
  make: (folder) => {
    layoutIn(folder);
    arrange(folder);
    return `oci-archive:${name}:web`;
  },
  paths: PATHS,
  damage: (folder) => {
    rmSync(join(folder, name));
    for (const blob of execFileSync('ls', [join(folder, 'images/blobs/sha256')])
      .toString()
      .trim()
      .split('\n')) {
      damage(join(folder, 'images/blobs/sha256', blob), 0.9);
    }
    arrange(folder);
  },
  remove: remove(name),
  unknown: 'oci-archive:nowhere.tar',
  unknownMessage: /there is no .*nowhere\.tar/,
});

transportContract(
  'oci-archive:',
  inArchive('images.tar', (folder) => execFileSync('tar', ['-cf', 'images.tar', '-C', 'images', '.'], { cwd: folder })),
);
transportContract(
  'oci-archive: with a compressed archive',
  inArchive('images.tgz', (folder) =>
    execFileSync('tar', ['-czf', 'images.tgz', '-C', 'images', '.'], { cwd: folder }),
  ),
);

/** As `docker save` before version 25 writes it, with a layer that is compressed, as other tools do. */
function dockerArchive(folder: string, rest: { motd?: string } = {}): void {
  const layers = [tarOf({ 'etc/motd': rest.motd ?? 'welcome\n' }), tarOf({ 'bin/web': 'x'.repeat(5000) })];
  const blobs = new FixtureBlobs();
  const config = blobs.addImage({
    layers: [{ files: { 'etc/motd': 'welcome\n' } }, { files: { 'bin/web': 'x'.repeat(5000) } }],
    config: { Cmd: ['/bin/web'] },
  });
  const manifest = JSON.parse((blobs.blobs.get(config.digest) as Buffer).toString());
  const work = join(folder, 'saved');
  mkdirSync(join(work, 'a'), { recursive: true });
  mkdirSync(join(work, 'b'), { recursive: true });
  writeFileSync(join(work, 'config.json'), blobs.blobs.get(manifest.config.digest) as Buffer);
  writeFileSync(join(work, 'a/layer.tar'), layers[0] as Buffer);
  writeFileSync(join(work, 'b/layer.tar'), gzipSync(layers[1] as Buffer));
  const entry = { Config: 'config.json', RepoTags: ['web:1'], Layers: ['a/layer.tar', 'b/layer.tar'] };
  writeFileSync(join(work, 'manifest.json'), JSON.stringify([entry]));
  writeFileSync(join(work, 'repositories'), '{}');
  execFileSync('tar', ['-cf', 'web.tar', '-C', 'saved', '.'], { cwd: folder });
}

transportContract('docker-archive:', {
  make: (folder) => {
    dockerArchive(folder);
    return 'docker-archive:web.tar:docker.io/library/web:1';
  },
  paths: PATHS,
  damage: (folder) => dockerArchive(folder, { motd: 'Welcome\n' }),
  remove: remove('web.tar'),
  unknown: 'docker-archive:web.tar:web:2',
  unknownMessage: /it has no image web:2; it has web:1/,
});

transportContract('dir:', {
  make: (folder) => {
    for (const name of ['etc', 'bin']) mkdirSync(join(folder, 'root', name), { recursive: true });
    writeFileSync(join(folder, 'root/etc/motd'), 'welcome\n');
    writeFileSync(join(folder, 'root/bin/web'), 'x'.repeat(5000), { mode: 0o755 });
    return 'dir:root';
  },
  paths: PATHS,
  damage: (folder) => damageLargest(join(folder, 'root')),
  remove: (folder) => {
    renameSync(join(folder, 'root'), join(folder, 'gone'));
    if (existsSync(join(folder, 'root'))) throw new Error('it is still there');
  },
  unknown: 'dir:rot',
  unknownMessage: /there is no .*rot/,
});
