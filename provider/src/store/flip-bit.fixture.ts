import { chmod, open, stat } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';

/**
 * Changes one bit of a file that nobody may write to, as a bad disk would. Not within the tick of its last change, in
 * which a file system with a coarse clock shows nothing of it.
 */
export async function flipBit(path: string, at: number): Promise<void> {
  const { ctimeNs } = await stat(path, { bigint: true });
  await chmod(path, 0o644);
  while ((await stat(path, { bigint: true })).ctimeNs === ctimeNs) {
    await setTimeout(1);
    await chmod(path, 0o644);
  }
  const file = await open(path, 'r+');
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, at);
  await file.write(Buffer.of((byte[0] ?? 0) ^ 4), 0, 1, at);
  await file.close();
}
