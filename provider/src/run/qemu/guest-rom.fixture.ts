import { writeFileSync } from 'node:fs';

/**
 * Firmware in the place of a guest, so that a real QEMU can be started, watched and ended without any image: prints a
 * text to the first serial port, and then halts, or resets the machine.
 */
export function writeGuestRom(path: string, text: string, end: 'halt' | 'reset' = 'halt'): string[] {
  const rom = Buffer.alloc(65536);
  rom.set(PRINT);
  rom.set(end === 'halt' ? HALT : RESET, PRINT.length);
  rom.write(`${text}\0`, TEXT_OFFSET, 'latin1');
  // The reset vector: a near jump that wraps to offset 0.
  rom.set([0xe9, 0x0d, 0x00], rom.length - 16);
  writeFileSync(path, rom);
  return ['-bios', path];
}

const TEXT_OFFSET = 0x100;

/** 16-bit code. */
const PRINT = [
  ...[0xfa], // cli
  ...[0xbe, 0x00, 0x01], // mov si, 0x100
  ...[0x2e, 0x8a, 0x04, 0x46], // next: mov al, cs:[si]; inc si
  ...[0x84, 0xc0, 0x74, 0x12], // test al, al; jz done
  ...[0x88, 0xc4, 0xba, 0xfd, 0x03], // mov ah, al; mov dx, 0x3fd
  ...[0xec, 0xa8, 0x20, 0x74, 0xfb], // wait: in al, dx; test al, 0x20; jz wait
  ...[0xba, 0xf8, 0x03, 0x88, 0xe0, 0xee], // mov dx, 0x3f8; mov al, ah; out dx, al
  ...[0xeb, 0xe6], // jmp next
];
const HALT = [0xf4, 0xeb, 0xfd]; // done: hlt; jmp done
const RESET = [0xba, 0xf9, 0x0c, 0xb0, 0x06, 0xee, ...HALT]; // mov dx, 0xcf9; mov al, 6; out dx, al
