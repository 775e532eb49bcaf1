import { type ChildProcess, spawn } from 'node:child_process';
import { open, readFile, writeFile } from 'node:fs/promises';
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
  const log = join(folder, 'registry.log');
  const child = await spawnInto(log, ['serve', file]);
  return { host: `127.0.0.1:${await portOf(child, log)}`, stop: () => stop(child) };
}

/**
 * Its words go to a file: it says two lines for each request, and would wait for whoever reads them, where that is a
 * test that waits for a program that asks it.
 */
async function spawnInto(log: string, args: readonly string[]): Promise<ChildProcess> {
  await using file = await open(log, 'w');
  return spawn('docker-registry', args, { stdio: ['ignore', file.fd, file.fd] });
}

/** Where it listens, as soon as it says so. */
async function portOf(child: ChildProcess, log: string): Promise<number> {
  for (let attempt = 0; attempt < 6000; attempt++) {
    const hasEnded = child.exitCode !== null || child.signalCode !== null;
    const [, port] = /listening on 127\.0\.0\.1:(\d+)\D/.exec(await readFile(log, 'utf8')) ?? [];
    if (port !== undefined) return Number(port);
    if (hasEnded) break;
    await sleep(100);
  }
  await stop(child);
  throw new Error(`The registry does not start: ${await readFile(log, 'utf8')}`);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((exit) => child.once('exit', exit));
  child.kill('SIGKILL');
  await ended;
}
