import { type ChildProcess, spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../free-port.js';

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
  const port = await freePort();
  const { folder, auth, tls } = options;
  const configuration = {
    version: '0.1',
    log: { level: 'error', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(folder, 'images') }, delete: { enabled: true } },
    http: {
      addr: `127.0.0.1:${port}`,
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
  await untilItAnswers(port, child, () => Buffer.concat(said).toString('utf8'));
  return { host: `127.0.0.1:${port}`, stop: () => stop(child) };
}

async function untilItAnswers(port: number, child: ChildProcess, said: () => string): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt++) {
    if (child.exitCode !== null) break;
    // Over TLS, a server says even to this that it does not understand.
    const answer = await fetch(`http://127.0.0.1:${port}/v2/`).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer !== undefined) return;
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
