/**
 * Gives the memory of buffers back at once. Otherwise it is kept until garbage is collected, and V8 collects all of it
 * whenever 32 MB or so have come together outside its heap: a program that has nothing but such buffers to throw away
 * spends half of its time on that. The buffers are empty afterwards, and so is whatever shares their memory.
 */
export function release(buffers: Iterable<Uint8Array<ArrayBuffer>>): void {
  for (const { buffer } of buffers) if (!buffer.detached) buffer.transfer(0);
}
