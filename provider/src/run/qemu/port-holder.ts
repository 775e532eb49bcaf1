import { execFile } from 'node:child_process';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { isIPv6 } from 'node:net';
import { promisify } from 'node:util';
import { type Endpoint, endpointText } from './endpoint.js';
import type { ForwarderArgument, PortOwner } from './forwarder-protocol.js';

/** A process that listens on a port. */
export interface PortHolder {
  readonly pid: number;
  readonly program: string;
  /** Set if it is a forwarder of Ingot, from whatever state directory. */
  readonly owner?: PortOwner;
}

/** Who listens on that port, of any address that is in the way; undefined if this user may not see it. */
export async function findPortHolder(endpoint: Endpoint): Promise<PortHolder | undefined> {
  return process.platform === 'linux' ? fromProc(endpoint) : fromLsof(endpoint);
}

/** The end of the sentence "port 8080 is …". */
export function heldBy(holder: PortHolder | undefined, endpoint: Endpoint): string {
  const at = endpointText(endpoint);
  if (holder?.owner !== undefined) {
    return `${at} is published by ${holder.owner.urn} of the program in ${holder.owner.project}; choose another port`;
  }
  const who = holder === undefined ? "another user's program" : `${holder.program} (process ${holder.pid})`;
  return `${at} is in use by ${who}; end it, or choose another port`;
}

async function fromProc(endpoint: Endpoint): Promise<PortHolder | undefined> {
  const inodes = new Set<string>();
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    const text = await readFile(table, 'latin1').catch(() => '');
    for (const inode of listeningInodes(text, endpoint)) inodes.add(inode);
  }
  if (inodes.size === 0) return undefined;
  for (const name of await readdir('/proc').catch(() => [])) {
    if (/^\d+$/.test(name) && (await holdsSocket(name, inodes))) return describe(Number(name));
  }
  return undefined;
}

/** proc(5), /proc/net/tcp: local address and port in hexadecimal, state 0A is LISTEN, the tenth field is the inode. */
export function listeningInodes(table: string, { address, port }: Endpoint): string[] {
  const inodes: string[] = [];
  for (const line of table.split('\n').slice(1)) {
    const fields = line.trim().split(/\s+/);
    const [local = '', state, inode] = [fields[1], fields[3], fields[9]];
    const [localAddress = '', localPort = ''] = local.split(':');
    if (state !== '0A' || Number.parseInt(localPort, 16) !== port || inode === undefined) continue;
    if (inTheWay(localAddress, address)) inodes.push(inode);
  }
  return inodes;
}

/** Wildcards are in the way of every address. Each 32-bit word is in the byte order of the host. */
function inTheWay(local: string, address: string): boolean {
  if (/^0+$/.test(local) || address === '0.0.0.0' || address === '::') return true;
  if (isIPv6(address)) return local.length === 32;
  const bytes = (local.slice(-8).match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16));
  return bytes.reverse().join('.') === address;
}

async function holdsSocket(pid: string, inodes: ReadonlySet<string>): Promise<boolean> {
  const folder = `/proc/${pid}/fd`;
  for (const fd of await readdir(folder).catch(() => [])) {
    const link = await readlink(`${folder}/${fd}`).catch(() => '');
    const inode = /^socket:\[(\d+)\]$/.exec(link)?.[1];
    if (inode !== undefined && inodes.has(inode)) return true;
  }
  return false;
}

async function describe(pid: number): Promise<PortHolder> {
  const program = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => 'a program');
  const args = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
  const owner = forwarderOwner(args);
  return { pid, program: program.trim(), ...(owner ? { owner } : {}) };
}

function forwarderOwner(args: readonly string[]): PortOwner | undefined {
  const script = args.findIndex((arg) => arg.endsWith('forwarder.js'));
  if (script < 0) return undefined;
  try {
    const { owner } = JSON.parse(args[script + 1] ?? '') as Partial<ForwarderArgument>;
    return typeof owner?.urn === 'string' && typeof owner.project === 'string' ? owner : undefined;
  } catch {
    return undefined;
  }
}

/** lsof -F: one field a line, `p` the process, `c` the command. */
async function fromLsof({ port }: Endpoint): Promise<PortHolder | undefined> {
  const args = ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpc'];
  const { stdout } = await promisify(execFile)('lsof', args).catch(() => ({ stdout: '' }));
  const pid = Number(/^p(\d+)$/m.exec(stdout)?.[1]);
  if (!(pid > 0)) return undefined;
  const program = /^c(.*)$/m.exec(stdout)?.[1] ?? 'a program';
  const ps = await promisify(execFile)('ps', ['-ww', '-o', 'args=', '-p', String(pid)]).catch(() => ({ stdout: '' }));
  const owner = forwarderOwner(ps.stdout.trim().split(/ (?=\{|\/)/));
  return { pid, program, ...(owner ? { owner } : {}) };
}
