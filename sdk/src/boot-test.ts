import type * as pulumi from '@pulumi/pulumi';
import type { Image, ImageContents } from './image.js';
import { requireDeclaredImage } from './required-image.js';
import { containsSecret, type NamesOf, Resource, requireArgs } from './stub.js';

/**
 * One question to the booted machine, asked until the answer is good. One of `http`, `tcp`, `console`, `command` and
 * `ready`.
 */
export interface Probe {
  /** What messages call it. Default: what it asks. */
  name?: pulumi.Input<string>;
  /** It answers this request. */
  http?: pulumi.Input<{
    /** Port in the machine. */
    port: pulumi.Input<number>;
    /** Default: `/`. */
    path?: pulumi.Input<string>;
    /** Expected status. Default: any from 200 to 399. */
    status?: pulumi.Input<number>;
    /** Text that is in the answer. Default: any answer. */
    body?: pulumi.Input<string>;
  }>;
  /** It takes connections at this port of the machine. */
  tcp?: pulumi.Input<{ port: pulumi.Input<number> }>;
  /** This text is in a line of its console. */
  console?: pulumi.Input<{ contains: pulumi.Input<string> }>;
  /**
   * This command is content. It is run once the machine is ready, and again until what comes of it is good, so it must
   * change nothing. No image can be asked that has an init of its own.
   */
  command?: pulumi.Input<{
    /** The program and its arguments, as in `['nginx', '-t']`. No shell looks at them. */
    run: pulumi.Input<pulumi.Input<string>[]>;
    /** The service in whose container it runs: as its user, with its limits. Default: in the machine itself, as root. */
    in?: pulumi.Input<string>;
    /** Expected exit status. Default: 0. */
    status?: pulumi.Input<number>;
    /** Text that is in the last 64 KiB of what it prints. Default: any. */
    output?: pulumi.Input<string>;
    /** When it is killed, on real hardware; emulation is given four times as long. Default: 10. */
    timeoutSeconds?: pulumi.Input<number>;
  }>;
  /** Its init says that it is ready. Asked of every image with Ingot's own init in any case. */
  ready?: pulumi.Input<true>;
}

export interface BootTestArgs {
  /** What is booted. */
  image: Image;
  /** All must pass. Default: none but that the image says that it is ready. */
  probes?: pulumi.Input<pulumi.Input<Probe>[]>;
  /** Default: 512. */
  memoryMiB?: pulumi.Input<number>;
  /** Default: 1. */
  cpus?: pulumi.Input<number>;
  /** From start to the last probe, on real hardware; emulation is given four times as long. Default: 60. */
  timeoutSeconds?: pulumi.Input<number>;
  /** The test fails where the boot takes longer. Default: none. */
  budget?: pulumi.Input<BootBudget>;
}

const NAMES: NamesOf<BootTestArgs> = {
  image: true,
  probes: true,
  memoryMiB: true,
  cpus: true,
  timeoutSeconds: true,
  budget: true,
};

/** How long a boot may take. */
export interface BootBudget {
  /**
   * Seconds to each phase, as in the output `bootSeconds`, such as `{ healthy: 3, 'guest.ready': 2 }`. Judged only under
   * hardware acceleration: how long emulation takes says nothing of the image. Default: any.
   */
  bootSeconds?: pulumi.Input<{ [phase: string]: pulumi.Input<number> }>;
}

/**
 * Boots an image once in a virtual machine on the host that runs the update, and fails the update where it does not
 * pass. An image that has passed is not booted again. Resources that publish or run images take one in the place of the
 * image, so that nothing is published or replaced before the image has passed.
 */
export class BootTest extends Resource {
  /** Digest of the image that passed. */
  declare readonly digest: pulumi.Output<string>;
  /** `kvm`, `hvf`, or `tcg` (emulation: slow). */
  declare readonly accelerator: pulumi.Output<string>;
  /** Seconds from start to each phase of the boot. */
  declare readonly bootSeconds: pulumi.Output<{ [phase: string]: number }>;
  /** What is in the image. */
  declare readonly contents: pulumi.Output<ImageContents>;
  /** Size of all files of the image, uncompressed. */
  declare readonly rootSizeBytes: pulumi.Output<number>;
  /** @internal Who signs the image's disks. */
  readonly __secureBoot: Image['__secureBoot'];
  /** @internal The pinned spec, for the resources that build and boot it. */
  declare readonly __lock: pulumi.Output<string>;

  constructor(name: string, args: BootTestArgs, options?: pulumi.CustomResourceOptions) {
    requireArgs(`the boot test '${name}'`, args);
    requireDeclaredImage(`the boot test '${name}'`, args.image, 'an ingot.Image');
    super(
      'BootTest',
      name,
      {
        args,
        names: NAMES,
        properties: {
          digest: args.image.digest,
          contents: args.image.contents,
          rootSizeBytes: args.image.rootSizeBytes,
          __lock: args.image.__lock,
          probes: args.probes,
          memoryMiB: args.memoryMiB,
          cpus: args.cpus,
          timeoutSeconds: args.timeoutSeconds,
          budget: args.budget,
          accelerator: undefined,
          bootSeconds: undefined,
        },
        secret: containsSecret(args.probes, args.memoryMiB, args.cpus, args.timeoutSeconds, args.budget),
      },
      // The image itself shows it.
      { ...options, hideDiffs: [...(options?.hideDiffs ?? []), 'contents'] },
    );
    this.__secureBoot = args.image.__secureBoot;
  }
}
