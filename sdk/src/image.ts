import type * as pulumi from '@pulumi/pulumi';
import type { Spec } from './spec.js';
import { containsSecret, Resource } from './stub.js';

export interface ImageArgs {
  /**
   * What the image is made of: the path of a YAML file, a list of paths (merged), YAML text, or the same as an object.
   * Paths are relative to the folder of the program.
   */
  spec: pulumi.Input<string | string[] | Spec>;
  /**
   * `keep`: what was resolved once keeps its version until you change its line in the spec. `latest`: this update
   * moves everything to the newest. Default: `keep`.
   */
  pins?: pulumi.Input<'keep' | 'latest'>;
}

/** What is in an image, in words. */
export interface ImageContents {
  packages: { [name: string]: string };
  scriptsNotRun?: { [name: string]: string };
  images: { [reference: string]: string };
  services: { [name: string]: string };
  kernel: { version: string; commandLine: string; modules: number };
  files: { [path: string]: string };
  components: { [id: string]: string };
  setuid: string[];
  users: { [name: string]: string };
  sizes: { rootBytes: number; files: number };
  runtime: { recipe: number; guest: string; platform: string };
}

/**
 * An immutable operating-system image: a spec, with everything that it names pinned.
 *
 * A preview resolves, fetches and assembles it, so that it shows which packages, files and services change inside, and
 * fails before anything is created if the image cannot be built.
 */
export class Image extends Resource {
  /** The one name of the image everywhere: `sha256:…` of everything that decides its bytes. */
  declare readonly digest: pulumi.Output<string>;
  /** What is in it. */
  declare readonly contents: pulumi.Output<ImageContents>;
  /** Version of the kernel; empty where the spec has none. */
  declare readonly kernel: pulumi.Output<string>;
  /** Kernel command line, without what a machine adds. */
  declare readonly commandLine: pulumi.Output<string>;
  /** Size of all files, uncompressed. */
  declare readonly rootSizeBytes: pulumi.Output<number>;
  /** @internal The pinned spec, for the resources that build and boot it. */
  declare readonly __lock: pulumi.Output<string>;

  constructor(name: string, args: ImageArgs, options?: pulumi.CustomResourceOptions) {
    super(
      'Image',
      name,
      {
        properties: {
          spec: args.spec,
          pins: args.pins,
          digest: undefined,
          contents: undefined,
          kernel: undefined,
          commandLine: undefined,
          rootSizeBytes: undefined,
          __lock: undefined,
        },
        secret: containsSecret(args.spec, args.pins),
      },
      options,
    );
  }
}
