import type * as pulumi from '@pulumi/pulumi';
import { containsSecret, type NamesOf, Resource, requireArgs } from '../stub.js';

export interface DiskArgs {
  /** Its size. It can grow, and never shrinks. */
  sizeMiB: pulumi.Input<number>;
  /**
   * How the machine finds it, in `disks` of its spec: 1 to 20 letters, digits, dots, dashes or underscores. Default: the
   * name of the resource.
   */
  serial?: pulumi.Input<string>;
  /** Where its file is to be, relative to the folder of the program. Default: in the state directory of Ingot. */
  path?: pulumi.Input<string>;
  /**
   * A raw file that is there already, with what is on it: it is made larger where `sizeMiB` says so, and is never removed.
   */
  existingFile?: pulumi.Input<string>;
}

const NAMES: NamesOf<DiskArgs> = {
  sizeMiB: true,
  serial: true,
  path: true,
  existingFile: true,
};

/**
 * A disk for data on this host. It survives the replacement of the machine that uses it, and of its image. It is
 * protected from deletion, unless the option `protect` says otherwise; without the resource, its data is gone.
 */
export class Disk extends Resource {
  /** Absolute path of its file. */
  declare readonly file: pulumi.Output<string>;
  /** How a machine finds it. */
  declare readonly serial: pulumi.Output<string>;
  /** Its size. */
  declare readonly sizeMiB: pulumi.Output<number>;

  constructor(name: string, args: DiskArgs, options: pulumi.CustomResourceOptions = {}) {
    requireArgs(`the disk '${name}'`, args);
    super(
      'local.Disk',
      name,
      {
        args,
        names: NAMES,
        properties: {
          sizeMiB: args.sizeMiB,
          serial: args.serial,
          path: args.path,
          existingFile: args.existingFile,
          file: undefined,
        },
        secret: containsSecret(args.sizeMiB, args.serial, args.path, args.existingFile),
      },
      { ...options, protect: options.protect ?? true },
    );
  }
}
