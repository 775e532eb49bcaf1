import * as pulumi from '@pulumi/pulumi';
import type { BootTest } from '../boot-test.js';
import type { Image } from '../image.js';
import type { ImageRef } from '../published.js';
import { requireImage } from '../required-image.js';
import { containsSecret, type NamesOf, Resource, requireArgs } from '../stub.js';
import type { Disk } from './disk.js';

/** A TCP port of this host that is passed on to the machine. */
export interface Port {
  /** Port on the host. */
  host: pulumi.Input<number>;
  /** Port in the machine. */
  guest: pulumi.Input<number>;
  /** Address on the host to listen on. Default: `127.0.0.1`. */
  address?: pulumi.Input<string>;
}

/** How to tell that a machine works. */
export interface Health {
  /** It answers this request. */
  http?: pulumi.Input<{
    /** Port in the machine; one of the published ones. */
    port: pulumi.Input<number>;
    /** Default: `/`. */
    path?: pulumi.Input<string>;
    /** Expected status. Default: any from 200 to 399. */
    status?: pulumi.Input<number>;
  }>;
  /** It accepts connections at this port. */
  tcp?: pulumi.Input<{ port: pulumi.Input<number> }>;
  /** Time from start to healthy, on real hardware; emulation is given four times as long. Default: 60. */
  timeoutSeconds?: pulumi.Input<number>;
}

/** What machines are made of besides their image, one or many. */
export interface MachineArgs {
  /** Default: none. */
  ports?: pulumi.Input<pulumi.Input<Port>[]>;
  /** Without one, a machine counts as working when its image says that it is ready. */
  health?: pulumi.Input<Health>;
  /** Default: 512. */
  memoryMiB?: pulumi.Input<number>;
  /** Default: 1. */
  cpus?: pulumi.Input<number>;
  /** What the machine reads as its user data. It is no place for secrets. Default: none. */
  userData?: pulumi.Input<string>;
  /**
   * `uefi`: UEFI firmware boots a disk with the image, as in a cloud. `none`: QEMU loads the kernel, which is faster.
   * Default: `none`.
   */
  firmware?: pulumi.Input<'none' | 'uefi'>;
  /** How long an old machine may finish its open connections once a new one has taken over. Default: 10. */
  drainSeconds?: pulumi.Input<number>;
}

/** The names of `MachineArgs`. */
export const MACHINE_NAMES: NamesOf<MachineArgs> = {
  ports: true,
  health: true,
  memoryMiB: true,
  cpus: true,
  userData: true,
  firmware: true,
  drainSeconds: true,
};

export interface InstanceArgs extends MachineArgs {
  /**
   * What it boots; with a boot test, only if that has passed. The `ref` of an image that is published as a file, also from
   * another stack, is booted by UEFI firmware. Another image means another machine.
   */
  image: Image | BootTest | pulumi.Input<ImageRef>;
  /**
   * Disks for data. A disk can only be in one machine, so with the same disk the order of a replacement turns round: the
   * old machine ends before the new one starts, and the ports are closed in between. Default: none.
   */
  disks?: Disk[];
  /** What services that name them in `secrets` get as files, by name; encrypted in the state. Default: none. */
  secrets?: pulumi.Input<{ [name: string]: pulumi.Input<string> }>;
}

const NAMES: NamesOf<InstanceArgs> = { ...MACHINE_NAMES, image: true, disks: true, secrets: true };

/**
 * A virtual machine on this host (QEMU). It is never changed: a change starts another machine, waits until that one is
 * healthy, moves the published ports to it, and ends the old one.
 */
export class Instance extends Resource {
  /** Published addresses, such as `127.0.0.1:8080`. */
  declare readonly endpoints: pulumi.Output<string[]>;
  /** Address of the port with the HTTP health check; undefined without one. */
  declare readonly url: pulumi.Output<string | undefined>;
  /** Digest of the image that it booted. */
  declare readonly bootedDigest: pulumi.Output<string>;
  /** `kvm`, `hvf`, or `tcg` (emulation: slow). */
  declare readonly accelerator: pulumi.Output<string>;
  /** Process id of QEMU. */
  declare readonly pid: pulumi.Output<number>;
  /** File with all that the machine has said on its console. */
  declare readonly consoleFile: pulumi.Output<string>;
  /** Seconds from start to each phase of the boot. */
  declare readonly bootSeconds: pulumi.Output<{ [phase: string]: number }>;

  constructor(name: string, args: InstanceArgs, options?: pulumi.CustomResourceOptions) {
    requireArgs(`the instance '${name}'`, args);
    requireImage(`the instance '${name}'`, args.image, 'an ingot.Image');
    requireDisks(`the instance '${name}'`, args.disks);
    super(
      'local.Instance',
      name,
      {
        args,
        names: NAMES,
        properties: {
          ...imageOf(args.image),
          ports: args.ports,
          health: args.health,
          memoryMiB: args.memoryMiB,
          cpus: args.cpus,
          drainSeconds: args.drainSeconds,
          // A disk's id is its file, and is known while it grows: a preview must not say that the machine is replaced.
          disks: args.disks?.map(({ id, serial }) => ({ path: id, serial })),
          userData: args.userData,
          secrets: args.secrets && pulumi.secret(args.secrets),
          firmware: args.firmware,
          endpoints: undefined,
          url: undefined,
          bootedDigest: undefined,
          accelerator: undefined,
          pid: undefined,
          consoleFile: undefined,
          bootSeconds: undefined,
        },
        secret: containsSecret(args.ports, args.health, args.memoryMiB, args.cpus, args.drainSeconds, args.userData),
      },
      { ...options, additionalSecretOutputs: [...(options?.additionalSecretOutputs ?? []), 'secrets'] },
    );
  }
}

/** @throws {pulumi.RunError} for what TypeScript would not have let through. */
function requireDisks(what: string, disks: unknown = []): void {
  const wrong = Array.isArray(disks) ? disks.findIndex((disk) => !pulumi.Output.isInstance(disk?.serial)) : undefined;
  if (wrong === -1) return;
  const place = wrong === undefined ? 'disks is no list' : `disks[${wrong}] is none`;
  throw new pulumi.RunError(`Cannot create ${what}: ${place} of disks; pass a list of ingot.local.Disk`);
}

/** The image's part in the inputs. What is in one of another stack goes along, so that a preview shows what changes. */
export function imageOf(image: InstanceArgs['image']): Record<string, unknown> {
  if (image instanceof Resource) {
    return { imageDigest: image.digest, __lock: image.__lock, __rootBytes: image.rootSizeBytes };
  }
  const ref = pulumi.output(image);
  return {
    imageDigest: ref.digest,
    imageRef: ref.apply(({ file, format, platform }) => ({ file, format, platform })),
    contents: ref.contents,
  };
}
