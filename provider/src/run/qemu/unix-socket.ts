import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** sun_path holds 108 bytes on Linux and 104 elsewhere, the closing zero among them. */
const MAX_PATH_BYTES = 103;

/**
 * Connects to a unix socket in a folder whose path may be longer than a socket's address can be: then the folder is
 * reached through a short-lived symbolic link. (The other side binds relative to its working directory.)
 * @throws the system's error: ENOENT or ECONNREFUSED where nobody listens.
 */
export async function connectUnix(folder: string, name: string): Promise<Socket> {
  const path = join(folder, name);
  if (Buffer.byteLength(path) <= MAX_PATH_BYTES) return connected(path);
  const short = await mkdtemp(join(tmpdir(), 'ingot-'));
  try {
    await symlink(folder, join(short, 'f'));
    return await connected(join(short, 'f', name));
  } finally {
    await rm(short, { recursive: true, force: true });
  }
}

function connected(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}
