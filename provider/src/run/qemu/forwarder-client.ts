import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '../error.js';
import { type Endpoint, endpointText } from './endpoint.js';
import {
  CONTROL_SOCKET,
  type ForwarderAnswer,
  type ForwarderArgument,
  type ForwarderGreeting,
  type ForwarderRequest,
  type ForwarderStat,
  LOG_FILE,
  type PortOwner,
} from './forwarder-protocol.js';
import { LineStream } from './line-stream.js';
import { forwarderProgram, type RunParts } from './options.js';
import { findPortHolder } from './port-holder.js';
import { makePrivateFolder } from './state-file.js';
import { connectUnix } from './unix-socket.js';

/** It answers within milliseconds, and Node itself starts within a tenth of a second; on a busy host in seconds. */
const ANSWER_LIMIT_MS = 60_000;
const START_LIMIT_MS = 60_000;
/** For one that somebody else starts: that somebody ends it after START_LIMIT_MS. */
const STARTING_LIMIT_MS = 300_000;
const START_TRIES = 3;
const START_AGAIN_MS = 100;
const MAX_LINE_BYTES = 1 << 20;

/**
 * Says one thing to the forwarder of a published port.
 * @returns undefined if there is none.
 * @throws if it refuses, or does not answer in time.
 */
export async function askForwarder(
  stateDirectory: string,
  endpoint: Endpoint,
  request: ForwarderRequest,
): Promise<ForwarderStat | undefined> {
  const answer = await converse(folderOf(stateDirectory, endpoint), request);
  if (answer === undefined) return undefined;
  if (answer.ok) return answer.stat;
  throw new Error(`the forwarder of ${endpointText(endpoint)} refused to ${request.do}: ${answer.error}`);
}

/** Every forwarder of this state directory that answers, by the names of their folders. */
export async function listForwarders(stateDirectory: string): Promise<ForwarderStat[]> {
  const root = join(stateDirectory, 'forwarders');
  const names = await readdir(root).catch(() => []);
  const stats: ForwarderStat[] = [];
  for (const name of names.sort()) {
    const answer = await converse(join(root, name), { do: 'stat' }).catch(() => undefined);
    if (answer?.ok) stats.push(answer.stat);
  }
  return stats;
}

/**
 * Starts the forwarder of a port, where there is none.
 * @throws the system's error with its `code`, such as EADDRINUSE, if the port cannot be had.
 */
export async function ensureForwarder(
  { address, port }: Endpoint,
  { stateDirectory, owner, parts }: { stateDirectory: string; owner: PortOwner; parts?: RunParts | undefined },
): Promise<void> {
  const folder = folderOf(stateDirectory, { address, port });
  const argument: ForwarderArgument = { version: 1, address, port, owner };
  const deadlineMs = performance.now() + STARTING_LIMIT_MS;
  // A forwarder that is just ending takes its folder with it, at any moment until it has given its port up.
  for (let attempt = 1; ; attempt++) {
    if ((await converse(folder, { do: 'stat' }).catch(() => undefined))?.ok) return;
    try {
      await start(folder, argument, forwarderProgram(parts));
      return;
    } catch (error) {
      // One that has the port, and cannot be asked yet, is started by somebody else at this moment; its folder is ours.
      const starting =
        performance.now() < deadlineMs && (await isHeldBy(owner, { error, endpoint: { address, port } }));
      if (attempt >= START_TRIES && !starting) {
        await removeDeadForwarder(stateDirectory, { address, port });
        throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, START_AGAIN_MS));
    }
  }
}

/** Whether what is in the way is a forwarder of the same owner. */
async function isHeldBy(
  { urn, project }: PortOwner,
  { error, endpoint }: { readonly error: unknown; readonly endpoint: Endpoint },
): Promise<boolean> {
  if (errnoOf(error) !== 'EADDRINUSE') return false;
  const holder = await findPortHolder(endpoint);
  return holder?.owner?.urn === urn && holder.owner.project === project;
}

/** What a forwarder that was killed left behind. One that lives is not touched. */
export async function removeDeadForwarder(stateDirectory: string, endpoint: Endpoint): Promise<void> {
  const folder = folderOf(stateDirectory, endpoint);
  if ((await converse(folder, { do: 'stat' })) === undefined) await rm(folder, { recursive: true, force: true });
}

function folderOf(stateDirectory: string, { address, port }: Endpoint): string {
  return join(stateDirectory, 'forwarders', `${address.replaceAll(':', '_')}-${port}`);
}

async function converse(folder: string, request: ForwarderRequest): Promise<ForwarderAnswer | undefined> {
  const socket = await connectUnix(folder, CONTROL_SOCKET).catch((error: unknown) => {
    if (['ENOENT', 'ECONNREFUSED', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  });
  if (socket === undefined) return undefined;
  const lines = new LineStream(MAX_LINE_BYTES);
  try {
    return await new Promise((resolve, reject) => {
      const late = (): void => reject(new Error('the forwarder does not answer'));
      // After what has come meanwhile was read: this process may not have had its turn for as long.
      socket.setTimeout(ANSWER_LIMIT_MS, () => setImmediate(late));
      // It ended while we asked: as good as if it had not been there.
      socket.on('error', (error) =>
        ['ECONNRESET', 'EPIPE'].includes(errnoOf(error) ?? '') ? resolve(undefined) : reject(error),
      );
      socket.on('close', () => resolve(undefined));
      socket.on('data', (piece: Buffer) => {
        const line = lines.push(piece)[0];
        if (line !== undefined) resolve(JSON.parse(line) as ForwarderAnswer);
      });
      socket.write(`${JSON.stringify(request)}\n`);
    });
  } finally {
    socket.destroy();
  }
}

async function start(folder: string, argument: ForwarderArgument, program: string): Promise<void> {
  await makePrivateFolder(folder);
  const log = openSync(join(folder, LOG_FILE), 'a', 0o600);
  let child: ChildProcess;
  try {
    // A small heap: it only passes bytes on. Nothing of the environment: it may hold credentials, and lives long.
    const args = ['--max-old-space-size=64', '--max-semi-space-size=1', program, JSON.stringify(argument)];
    child = spawn(process.execPath, args, { cwd: folder, detached: true, stdio: ['ignore', 'pipe', log], env: {} });
  } finally {
    closeSync(log);
  }
  const greeting = await greetingOf(child);
  if (greeting.listening) {
    child.unref();
    return;
  }
  throw Object.assign(new Error(`listen ${greeting.code} ${endpointText(argument)}`), { code: greeting.code });
}

function greetingOf(child: ChildProcess): Promise<ForwarderGreeting> {
  const lines = new LineStream(MAX_LINE_BYTES);
  return new Promise((resolve, reject) => {
    const fail = (what: string): void => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      reject(new Error(`the forwarder did not start: ${what}`));
    };
    const timer = setTimeout(() => fail(`no word within ${START_LIMIT_MS} ms`), START_LIMIT_MS);
    child.once('error', (error) => fail(error.message));
    // Not at its exit: what it has said may still be unread then.
    child.once('close', (status) => fail(`exit status ${status}`));
    child.stdout?.on('data', (piece: Buffer) => {
      const line = lines.push(piece)[0];
      if (line === undefined) return;
      clearTimeout(timer);
      child.removeAllListeners('close');
      child.stdout?.destroy();
      resolve(JSON.parse(line) as ForwarderGreeting);
    });
  });
}
