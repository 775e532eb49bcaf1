import { chmod, open } from 'node:fs/promises';

/** Changes one bit of a file that nobody may write to, as a bad disk would. */
export async function flipBit(path: string, at: number): Promise<void> {
  await chmod(path, 0o644);
  const file = await open(path, 'r+');
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, at);
  await file.write(Buffer.of((byte[0] ?? 0) ^ 4), 0, 1, at);
  await file.close();
}
