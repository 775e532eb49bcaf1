import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { createCleartextMessage, generateKey, type PrivateKey, readPrivateKey, sign } from 'openpgp';
import { silent } from '../../model/progress.js';
import { Store } from '../../store/store.js';
import { KEPT } from '../kept-connections.fixture.js';
import type { TrustedKey } from './keyring.js';
import type { Mirrors } from './mirrors.js';
import type { ResolveOptions } from './resolve.js';

/** When the archives of the tests are looked at, and when they are signed. */
export const NOW = new Date('2026-06-01T12:00:00Z');
export const SIGNED = new Date('2026-05-31T12:00:00Z');
const KEY_MADE = new Date('2026-01-01T00:00:00Z');

/** Where nobody listens. A port that was just closed is soon another's. */
export const NOBODY = 'http://127.0.0.1:4';

/** Servers that answer may take their time: this is against hanging alone. */
const LIMIT_MS = 200_000;

export interface TestKey {
  readonly trusted: TrustedKey;
  readonly privateKey: PrivateKey;
}

export async function makeKey(options: { expiresAfterSeconds?: number; rsa?: boolean } = {}): Promise<TestKey> {
  const { privateKey: binaryKey } = await generateKey({
    userIDs: [{ name: 'Test archive' }],
    ...(options.rsa === true ? { type: 'rsa' as const, rsaBits: 2048 } : { type: 'curve25519' as const }),
    keyExpirationTime: options.expiresAfterSeconds ?? 0,
    date: KEY_MADE,
    format: 'binary',
  });
  const privateKey = await readPrivateKey({ binaryKey });
  return {
    trusted: {
      name: 'Test archive',
      fingerprint: privateKey.getFingerprint().toUpperCase(),
      base64: Buffer.from(privateKey.toPublic().write()).toString('base64'),
    },
    privateKey,
  };
}

/** A text, signed as InRelease files are. */
export async function signed(text: string, options: { by: readonly TestKey[]; date?: Date }): Promise<string> {
  return sign({
    message: await createCleartextMessage({ text }),
    signingKeys: options.by.map(({ privateKey }) => privateKey),
    date: options.date ?? SIGNED,
  });
}

/** `name version`, and further fields. */
export type TestPackage = readonly [name: string, version: string, fields?: Readonly<Record<string, string>>];

export interface Publication {
  /** Packages of a second component. */
  readonly universe?: readonly TestPackage[];
  /** Fields of the release that differ from what they should be; undefined leaves one out. */
  readonly fields?: Readonly<Record<string, string | undefined>>;
  readonly by?: readonly TestKey[];
  readonly date?: Date;
  /** Which forms of the index there are. Default: plain and `.gz`. */
  readonly forms?: readonly Form[];
}

export interface Form {
  readonly ending: string;
  readonly bytes: Buffer;
}

type Handler = (response: ServerResponse, headers: NodeJS.Dict<string | string[]>) => void;

/** A small archive of Debian's shape: by HTTP on this host, or as a folder. */
export class TestArchive implements AsyncDisposable {
  readonly key: TestKey;
  readonly directory: string;
  readonly store: Store;
  /** Paths that were asked for, in order. */
  readonly requests: string[] = [];
  /** Files by their path, such as `debian/dists/trixie/InRelease`, or what to answer. */
  readonly files = new Map<string, Buffer | Handler>();
  readonly #server: Server;
  #port = 0;

  private constructor(key: TestKey, directory: string, store: Store) {
    this.key = key;
    this.directory = directory;
    this.store = store;
    this.#server = createServer(KEPT, (request, response) => {
      const path = decodeURIComponent(request.url ?? '').replace(/^\//, '');
      this.requests.push(path);
      const file = this.files.get(path);
      if (typeof file === 'function') file(response, request.headers);
      else if (file === undefined) response.writeHead(404).end();
      else response.writeHead(200, { 'content-length': file.length }).end(file);
    });
  }

  static async start(key: TestKey): Promise<TestArchive> {
    const directory = await mkdtemp(join(tmpdir(), 'ingot-archive-'));
    const archive = new TestArchive(key, directory, await Store.open(join(directory, 'store')));
    await new Promise<void>((done) => archive.#server.listen(0, '127.0.0.1', done));
    archive.#port = (archive.#server.address() as AddressInfo).port;
    return archive;
  }

  get address(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get mirrors(): Mirrors {
    return { main: `${this.address}/debian`, security: `${this.address}/debian-security` };
  }

  /** What every call needs. */
  get options(): ResolveOptions & Required<Pick<ResolveOptions, 'keys' | 'patience'>> {
    return {
      ...{ store: this.store, suite: 'trixie', mirrors: this.mirrors, now: NOW, progress: silent },
      ...{ signal: new AbortController().signal, keys: [this.key.trusted], architecture: 'amd64' as const },
      patience: {
        request: { attempts: 2, firstDelayMs: 1, silenceMs: LIMIT_MS, timeoutMs: LIMIT_MS },
        transfer: { attempts: 2, firstDelayMs: 1, stallMs: LIMIT_MS },
      },
    };
  }

  /** Puts packages into the three suites; those that are not named have none. */
  async publishAll(packages: {
    release?: TestPackage[];
    updates?: TestPackage[];
    security?: TestPackage[];
  }): Promise<void> {
    await this.publish('trixie', packages.release ?? []);
    await this.publish('trixie-updates', packages.updates ?? []);
    await this.publish('trixie-security', packages.security ?? []);
  }

  async publish(
    suite: string,
    packages: readonly TestPackage[] | string,
    publication: Publication = {},
  ): Promise<void> {
    const isSecurity = suite.endsWith('-security');
    const root = `${isSecurity ? 'debian-security' : 'debian'}/dists/${suite}`;
    const checksums: string[] = [];
    const { universe } = publication;
    for (const [component, listed] of [
      ['main', packages] as const,
      ...(universe ? [['universe', universe] as const] : []),
    ]) {
      const text = typeof listed === 'string' ? listed : listed.map(stanzaOf).join('\n');
      const plain = Buffer.from(text);
      const folder = `${component}/binary-amd64`;
      checksums.push(`${sha256(plain)} ${plain.length} ${folder}/Packages`);
      for (const { ending, bytes } of publication.forms ?? [
        { ending: '.gz', bytes: gzipSync(plain) },
        { ending: '', bytes: plain },
      ]) {
        const path = `${folder}/Packages${ending}`;
        if (ending !== '') checksums.push(`${sha256(bytes)} ${bytes.length} ${path}`);
        this.files.set(`${root}/${path}`, bytes);
        this.files.set(`${root}/${folder}/by-hash/SHA256/${sha256(bytes)}`, bytes);
      }
    }
    const date = publication.date ?? SIGNED;
    const fields: Record<string, string | undefined> = {
      Origin: 'Debian',
      Label: isSecurity ? 'Debian-Security' : 'Debian',
      Suite: 'stable',
      Codename: suite,
      Date: date.toUTCString().replace('GMT', 'UTC'),
      'Acquire-By-Hash': 'yes',
      Architectures: 'all amd64 arm64',
      Components: 'main',
      SHA256: `\n ${checksums.join('\n ')}`,
      ...publication.fields,
    };
    const release = Object.entries(fields)
      .flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}\n`]))
      .join('');
    this.files.set(`${root}/InRelease`, Buffer.from(await signed(release, { by: publication.by ?? [this.key], date })));
  }

  /** Writes all files to disk; returns the mirrors as `file:` addresses. */
  async writeOut(): Promise<Mirrors> {
    for (const [path, bytes] of this.files) {
      if (typeof bytes === 'function') continue;
      await mkdir(dirname(join(this.directory, 'mirror', path)), { recursive: true });
      await writeFile(join(this.directory, 'mirror', path), bytes);
    }
    const root = `file:${this.directory}/mirror`;
    return { main: `${root}/debian`, security: `${root}/debian-security` };
  }

  /** Breaks all connections from now on, and keeps the port: another server would get it. */
  breakOff(): void {
    this.#server.on('connection', (socket) => socket.destroy());
    this.#server.closeAllConnections();
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.store.close();
    if (this.#server.listening) await this.stop();
    await rm(this.directory, { recursive: true, force: true });
  }
}

export function stanzaOf([name, version, fields = {}]: TestPackage): string {
  const all = {
    ...{ Package: name, Version: version, Architecture: 'amd64', Maintainer: 'Jürgen <j@example.org>' },
    ...{ Filename: `pool/main/${name}_${version.replace(':', '%3a')}_amd64.deb`, Size: '100', Priority: 'optional' },
    ...{ SHA256: createHash('sha256').update(`${name} ${version}`).digest('hex'), Description: 'a test\n of packages' },
    ...fields,
  };
  return Object.entries(all)
    .map(([field, value]) => `${field}: ${value}\n`)
    .join('');
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
