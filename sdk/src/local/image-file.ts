import type * as pulumi from '@pulumi/pulumi';
import { type ImageRef, type ImageToPublish, imageInputs } from '../published.js';
import type { PredictedBoot, SecureBoot } from '../secure-boot.js';
import { containsSecret, type NamesOf, Resource, requireArgs } from '../stub.js';

/** Output formats that are one file. */
export type FileFormat =
  | 'tar'
  | 'oci-archive'
  | 'docker-archive'
  | 'tar-kernel-initrd'
  | 'raw-efi'
  | 'qcow2-efi'
  | 'iso-efi'
  | 'aws'
  | 'gcp';

export type ImageFileArgs = ImageToPublish & {
  /** Folder that it goes into: an image pool, a web root, a mounted share. Relative to the folder of the program. */
  directory: pulumi.Input<string>;
  /** What the names of its files begin with. Default: the name of the resource. */
  name?: pulumi.Input<string>;
  /** Default: `raw-efi`. */
  format?: pulumi.Input<FileFormat>;
  /**
   * Signs what UEFI starts, for machines with Secure Boot. `ingot keys new` makes the files. Default: as the image says,
   * else not signed.
   */
  secureBoot?: pulumi.Input<SecureBoot>;
  /**
   * How many replaced images stay, so that going back needs no build. Where it becomes less, the oldest go in that update.
   * Default: 1.
   */
  keep?: pulumi.Input<number>;
};

const NAMES: NamesOf<ImageFileArgs> = {
  image: true,
  untested: true,
  directory: true,
  name: true,
  format: true,
  secureBoot: true,
  keep: true,
};

/**
 * An image in a folder, as a file named by its digest, with what is in it in a JSON file beside it. Another image is
 * another file. It goes when no resource, of this stack or another, needs it.
 */
export class ImageFile extends Resource {
  /** Absolute path of the file. */
  declare readonly file: pulumi.Output<string>;
  /** Size of the file. */
  declare readonly sizeBytes: pulumi.Output<number>;
  /** SHA-256 of the file, hexadecimal. */
  declare readonly sha256: pulumi.Output<string | undefined>;
  /** Digest of the image in it. */
  declare readonly imageDigest: pulumi.Output<string>;
  /** Of a disk with a root of its own: what a TPM will hold when it has booted. */
  declare readonly boot: pulumi.Output<PredictedBoot | undefined>;
  /** All that another stack needs to know of it. */
  declare readonly ref: pulumi.Output<ImageRef>;

  constructor(name: string, args: ImageFileArgs, options?: pulumi.CustomResourceOptions) {
    requireArgs(`the image file '${name}'`, args);
    super(
      'local.ImageFile',
      name,
      {
        args,
        names: NAMES,
        properties: {
          ...imageInputs(`the image file '${name}'`, args),
          directory: args.directory,
          name: args.name,
          format: args.format,
          keep: args.keep,
          secureBoot: args.secureBoot ?? args.image?.__secureBoot,
          boot: undefined,
          file: undefined,
          sizeBytes: undefined,
          sha256: undefined,
          ref: undefined,
        },
        secret: containsSecret(args.directory, args.name, args.format, args.keep, args.secureBoot),
      },
      // The image itself shows it.
      { ...options, hideDiffs: [...(options?.hideDiffs ?? []), 'contents'] },
    );
  }
}
