import { z } from 'zod';

/** A TCP port that the host passes on to the machine. */
export const PortMapping = z.strictObject({
  /** Port on the host. */
  host: z.int().min(1).max(65535),
  /** Port in the machine. */
  guest: z.int().min(1).max(65535),
  /** Address on the host to listen on. Default: 127.0.0.1. */
  address: z.string().optional(),
});
export type PortMapping = z.infer<typeof PortMapping>;

/** How to tell that a machine works. */
export const HealthCheck = z.strictObject({
  http: z
    .strictObject({
      /** Port in the machine; must be one of the published ones. */
      port: z.int().min(1).max(65535),
      path: z.string().startsWith('/').optional(),
      /** Expected status. Default: any from 200 to 399. */
      status: z.int().min(100).max(599).optional(),
    })
    .optional(),
  tcp: z.strictObject({ port: z.int().min(1).max(65535) }).optional(),
  /** How long a machine may take from start to healthy, on real hardware; four times as long under emulation. */
  timeoutSeconds: z.int().min(1).max(3600).optional(),
});
export type HealthCheck = z.infer<typeof HealthCheck>;

/** A disk of this host in a machine, beside the one that it boots from. Only one machine at a time can have it. */
export const AttachedDisk = z.strictObject({
  /** Absolute path of a raw file. */
  path: z.string().startsWith('/'),
  /** How the machine finds it: its serial number, which is all that a virtio disk says of itself. */
  serial: z.string().regex(/^[A-Za-z0-9._-]{1,20}$/, 'must have 1 to 20 letters, digits, dots, dashes or underscores'),
});
export type AttachedDisk = z.infer<typeof AttachedDisk>;

const SECRET_NAME = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$/;

/** What a virtual machine is to be, apart from its image. */
export const MachineSpec = z.strictObject({
  memoryMiB: z.int().min(64).max(1048576),
  cpus: z.int().min(1).max(256),
  ports: z.array(PortMapping),
  health: HealthCheck.optional(),
  /** Default: none. */
  disks: z.array(AttachedDisk).max(16).optional(),
  /** What the machine reads as its user data; everyone on this host who may look at its process can. Default: none. */
  userData: z.string().max(65536).optional(),
  /** What services that name them get as files, by name. Never written anywhere but for the machine itself. Default: none. */
  secrets: z
    .record(
      z.string().regex(SECRET_NAME, 'must have 1 to 64 letters, digits, dots, dashes or underscores'),
      z.string().max(65536),
    )
    .optional(),
  /**
   * `uefi`: its firmware starts a disk, as it would in a cloud; some 5 s slower under emulation. `none`: QEMU loads the
   * kernel. Default: `none`.
   */
  firmware: z.enum(['none', 'uefi']).optional(),
  /** How long an old machine may go on with its open connections once a new one has taken over. */
  drainSeconds: z.int().min(0).max(3600),
});
export type MachineSpec = z.infer<typeof MachineSpec>;
