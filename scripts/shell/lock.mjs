import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';

const HEARTBEAT_MS = 5_000;
/** Well above the heartbeat, so that a machine under load does not lose its lock. */
const STALE_MS = 60_000;
/** For a holder whose process runs: after a restart of the machine its number may be another one's. */
const STALE_OF_THE_LIVING_MS = 5 * 60_000;

/**
 * Runs `work` while no other process, of this machine or of another one that shares the folder, runs its own under
 * the same lock folder. Waits as long as the holder lives; `onWait` gets the holder's process id.
 */
export async function withLock(folder, work, { onWait = () => {} } = {}) {
  while (!take(folder)) {
    if (isStale(folder)) discard(folder);
    else {
      const holder = owner(folder);
      if (holder !== undefined) onWait(holder.pid);
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
  const heartbeat = setInterval(() => touch(folder), HEARTBEAT_MS);
  try {
    return await work();
  } finally {
    clearInterval(heartbeat);
    rmSync(folder, { recursive: true, force: true });
  }
}

function take(folder) {
  try {
    mkdirSync(folder);
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
  try {
    writeFileSync(join(folder, 'owner.json'), JSON.stringify({ pid: process.pid, host: hostname() }));
    return true;
  } catch (error) {
    // Somebody took it for the stale one that was there a moment ago.
    if (error.code === 'ENOENT') return false;
    throw error;
  }
}

function isStale(folder) {
  const holder = owner(folder);
  const isHere = holder?.host === hostname();
  if (isHere && !isAlive(holder.pid)) return true;
  try {
    return Date.now() - statSync(folder).mtimeMs > (isHere ? STALE_OF_THE_LIVING_MS : STALE_MS);
  } catch {
    return false;
  }
}

/**
 * Renamed first, so that of several that find the same stale lock one removes it. One that looked long ago may take
 * away a new lock: two holders then do the same work once more, which is why their results must be put in place whole.
 */
function discard(folder) {
  const grave = `${folder}.stale-${process.pid}-${randomUUID()}`;
  try {
    renameSync(folder, grave);
  } catch (error) {
    // Somebody else was faster.
    if (error.code === 'ENOENT') return;
    throw error;
  }
  rmSync(grave, { recursive: true, force: true });
}

function owner(folder) {
  try {
    return JSON.parse(readFileSync(join(folder, 'owner.json'), 'utf8'));
  } catch {
    return undefined;
  }
}

function touch(folder) {
  try {
    const now = new Date();
    utimesSync(folder, now, now);
  } catch {
    // The folder is gone: whoever removed it will see our result, which is put in place by one rename.
  }
}

/** Whether a process of this machine runs. */
export function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
