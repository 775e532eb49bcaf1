import type { Architecture } from '../../model/platform.js';

/**
 * Firmware that does nothing but show that a guest really runs here: `/dev/kvm` can open, even run real-mode code, and
 * still never run a kernel. It ends QEMU by itself; where it does not, the accelerator is not usable.
 */
export interface ProbeRom {
  readonly bytes: Buffer;
  /** QEMU arguments beside the firmware. */
  readonly machine: readonly string[];
  /** QEMU's exit status when the guest ran to its end. */
  readonly exitStatus: number;
}

export function probeRom(architecture: Architecture): ProbeRom {
  return architecture === 'amd64' ? amd64() : arm64();
}

/**
 * x86: switches to long mode with paging and an interrupt table, counts down from 50 million (milliseconds when the
 * processor runs it, minutes when something interprets it), arms the local APIC's timer, halts, and in the timer's
 * interrupt writes 16 to the debug-exit port, which QEMU turns into 16 * 2 + 1. Every step of that was seen to fail on
 * some host whose KVM looked healthy.
 */
const AMD64_CODE = Buffer.from(
  '+vwuZg8BFiABDyDADAEPIsBm6hkADwAIAGa4EACO2I7AjtC8AIAAAL8AEAAAMcC5ABQAAPOrxwUAEAAAAyAAAMcFACAAAAMwAADH' +
    'BRggAAADQAAAxwUAMAAAgwAAAMcFuE8AAJsA4P7HBQRSAAAAjg8AZscFAFIAAPQAZscFAlIAABgAuAAQAAAPItgPIOAMIA8i4LmA' +
    'AADADzKAzAEPMA8gwA0AAACADyLA6rIADwAYAA8BHCUmAQ8AuYDw+gL/yXX8uwAA4P7Hg/AAAAD/AQAAx4PgAwAAAwAAAMeDIAMA' +
    'ACAAAADHg4ADAACghgEA+/Tr/bAQ5vT06/0PH0QAAAAAAAAAAAAA//8AAACazwD//wAAAJLPAP//AAAAmq8AHwAAAQ8A/w8AUAAA' +
    'AAAAAAA=',
  'base64',
);

/** The reset vector, 16 bytes below the end: a near jump that wraps to offset 0. */
const AMD64_RESET = Buffer.from([0xe9, 0x0d, 0x00]);

function amd64(): ProbeRom {
  const bytes = Buffer.alloc(65536);
  AMD64_CODE.copy(bytes, 0);
  AMD64_RESET.copy(bytes, bytes.length - 16);
  const machine = ['-M', 'q35', '-m', '16', '-device', 'isa-debug-exit,iobase=0xf4,iosize=1'];
  return { bytes, machine, exitStatus: 16 * 2 + 1 };
}

/** arm64: the same countdown, then PSCI SYSTEM_OFF (Arm DEN 0022, 0x84000008), which ends QEMU with status 0. */
const ARM64_CODE = [
  0xd29e1001, // movz x1, #0xf080
  0xf2a05f41, // movk x1, #0x02fa, lsl #16
  0xf1000421, // subs x1, x1, #1
  0x54ffffe1, // b.ne -4
  0x52800100, // movz w0, #0x0008
  0x72b08000, // movk w0, #0x8400, lsl #16
  0xd4000002, // hvc #0
  0x14000000, // b .
];

function arm64(): ProbeRom {
  const bytes = Buffer.alloc(4096);
  for (const [index, instruction] of ARM64_CODE.entries()) bytes.writeUInt32LE(instruction, index * 4);
  return { bytes, machine: ['-M', 'virt', '-m', '64'], exitStatus: 0 };
}
