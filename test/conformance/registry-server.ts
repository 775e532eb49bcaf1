import { type ChildProcess, spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface RegistryServerOptions {
  /** Under which its configuration and its images are kept. */
  readonly folder: string;
  /** The `auth:` and `http: tls:` sections of its configuration. */
  readonly auth?: Readonly<Record<string, unknown>>;
  readonly tls?: { readonly certificate: string; readonly key: string };
}

export interface RegistryServer {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  stop(): Promise<void>;
}

/** Debian's registry, on a free port of this machine. */
export async function startRegistry(options: RegistryServerOptions): Promise<RegistryServer> {
  const { folder, auth, tls } = options;
  const configuration = {
    version: '0.1',
    // At this level it says where it listens.
    log: { level: 'info', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(folder, 'images') }, delete: { enabled: true } },
    http: {
      // A port that the system gives it: one that was free a moment ago may be somebody else's.
      addr: '127.0.0.1:0',
      ...(tls ? { tls: { certificate: tls.certificate, key: tls.key } } : {}),
    },
    ...(auth ? { auth } : {}),
  };
  const file = join(folder, 'registry.json');
  // Every JSON is YAML.
  await writeFile(file, JSON.stringify(configuration));
  const child = spawn('docker-registry', ['serve', file], { stdio: ['ignore', 'pipe', 'pipe'] });
  const said: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => said.push(chunk));
  const port = await portOf(child, () => Buffer.concat(said).toString('utf8'));
  return { host: `127.0.0.1:${port}`, stop: () => stop(child) };
}

/** Where it listens, as soon as it says so. */
async function portOf(child: ChildProcess, said: () => string): Promise<number> {
  for (let attempt = 0; attempt < 600; attempt++) {
    const [, port] = /listening on 127\.0\.0\.1:(\d+)\D/.exec(said()) ?? [];
    if (port !== undefined) return Number(port);
    if (child.exitCode !== null) break;
    await sleep(100);
  }
  await stop(child);
  throw new Error(`The registry does not start: ${said()}`);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((exit) => child.once('exit', exit));
  child.kill('SIGKILL');
  await ended;
}
