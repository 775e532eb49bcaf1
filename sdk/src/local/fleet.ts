import type * as pulumi from '@pulumi/pulumi';
import { type ImageToRoll, requireTested } from '../published.js';
import { requireImage } from '../required-image.js';
import { containsSecret, type NamesOf, Resource, requireArgs } from '../stub.js';
import { imageOf, MACHINE_NAMES, type MachineArgs } from './instance.js';

/** A number of machines, or a share of all: `2`, `"25%"`. */
export type Amount = number | string;

/** How machines are replaced. */
export interface Strategy {
  /** How many there may be beside `count` meanwhile; a share is rounded up. Default: 1. */
  surge?: pulumi.Input<Amount>;
  /** How many healthy ones may be missing meanwhile; a share is rounded down. Default: 0. */
  unavailable?: pulumi.Input<Amount>;
  /** How many are replaced first, and have to stay healthy for `bakeSeconds`, before the others follow. Default: 0. */
  canary?: pulumi.Input<Amount>;
  /** How long the first ones, and in the end all, have to stay healthy. Default: 0. */
  bakeSeconds?: pulumi.Input<number>;
  /** Whether the old machines come back by themselves when a roll-out fails. Default: `true`. */
  rollback?: pulumi.Input<boolean>;
  /** How many new machines may fail, and be started again, before the roll-out has failed. Default: 0. */
  maxFailures?: pulumi.Input<Amount>;
}

export type FleetArgs = ImageToRoll &
  MachineArgs & {
    /** How many machines. */
    count: pulumi.Input<number>;
    /** Default: one new machine at a time, before an old one ends. */
    strategy?: pulumi.Input<Strategy>;
    /** Try again what has failed to roll out before. Default: `false`. */
    retry?: pulumi.Input<boolean>;
  };

const NAMES: NamesOf<FleetArgs> = {
  ...MACHINE_NAMES,
  image: true,
  untested: true,
  count: true,
  strategy: true,
  retry: true,
};

/** One machine of a fleet. */
export interface FleetMachine {
  id: string;
  /** Digest of the image that it booted. */
  digest: string;
  /** Names all that it was made of. */
  version: string;
  /** Process id of QEMU. */
  pid: number;
  /** File with all that it has said on its console. */
  consoleFile: string;
}

/** What failed to roll out, and why. */
export interface RejectedRollout {
  version: string;
  digest: string;
  reason: string;
}

/**
 * Machines on this host (QEMU) behind the same published ports, which take turns. A change replaces them some at a time:
 * new ones start, have to be healthy, and old ones end; where new ones fail, the old ones come back, the update fails,
 * and what failed is not tried again.
 */
export class Fleet extends Resource {
  /** Published addresses, such as `127.0.0.1:8080`. */
  declare readonly endpoints: pulumi.Output<string[]>;
  /** Address of the port with the HTTP health check; undefined without one. */
  declare readonly url: pulumi.Output<string | undefined>;
  /** The machines that run, oldest first. */
  declare readonly machines: pulumi.Output<FleetMachine[]>;
  /** What failed to roll out, and is refused until it changes, or `retry` is set. */
  declare readonly rejected: pulumi.Output<RejectedRollout[]>;
  /** Names all that the machines are made of. */
  declare readonly version: pulumi.Output<string>;

  constructor(name: string, args: FleetArgs, options?: pulumi.CustomResourceOptions) {
    requireArgs(`the fleet '${name}'`, args);
    requireImage(`the fleet '${name}'`, args.image, 'an ingot.BootTest');
    requireTested(`the fleet '${name}'`, args);
    super(
      'local.Fleet',
      name,
      {
        args,
        names: NAMES,
        properties: {
          ...imageOf(args.image),
          count: args.count,
          strategy: args.strategy,
          retry: args.retry,
          ports: args.ports,
          health: args.health,
          memoryMiB: args.memoryMiB,
          cpus: args.cpus,
          drainSeconds: args.drainSeconds,
          userData: args.userData,
          firmware: args.firmware,
          endpoints: undefined,
          url: undefined,
          machines: undefined,
          rejected: undefined,
          version: undefined,
        },
        secret: containsSecret(
          ...[args.count, args.strategy, args.retry, args.ports, args.health, args.memoryMiB, args.cpus],
          ...[args.drainSeconds, args.userData],
        ),
      },
      options,
    );
  }
}
