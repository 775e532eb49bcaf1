import type * as pulumi from '@pulumi/pulumi';
import type { PredictedBoot, SecureBoot } from './secure-boot.js';
import type { Spec } from './spec.js';
import { containsSecret, type NamesOf, Resource, requireArgs } from './stub.js';

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
  /** What it runs on, in the place of what the spec says. Default: what the spec says. */
  platform?: pulumi.Input<'linux/amd64' | 'linux/arm64'>;
  /** Where its machines have their root, in the place of what the spec says. Default: what the spec says. */
  root?: pulumi.Input<'disk' | 'ram'>;
  /**
   * A variant, with another digest, whose machines have a shell on their console for everybody who is there. Default: no.
   */
  debug?: pulumi.Input<boolean>;
  /** A preview fails where the image is larger. Default: none. */
  budget?: pulumi.Input<ImageBudget>;
  /**
   * Signs what UEFI starts of the image's disks, for machines with Secure Boot: what publishes the image signs it with
   * this, unless it says otherwise. `ingot keys new` makes the files. Default: not signed.
   */
  secureBoot?: pulumi.Input<SecureBoot>;
  /**
   * Whether to build the image's disk, as a publisher would, to find out what its machines can be known by (`boot`),
   * such as for a policy that is to be there before any machine. Default: only with `secureBoot`.
   */
  predictBoot?: pulumi.Input<boolean>;
  /** The SBOM whose digest is wanted (`sbomDigest`). Default: none. */
  sbom?: pulumi.Input<'spdx' | 'cyclonedx'>;
}

const NAMES: NamesOf<ImageArgs> = {
  spec: true,
  pins: true,
  platform: true,
  root: true,
  debug: true,
  budget: true,
  secureBoot: true,
  predictBoot: true,
  sbom: true,
};

/** What an image may have at the most. */
export interface ImageBudget {
  /** Size of all files, uncompressed. Default: any. */
  rootSizeBytes?: pulumi.Input<number>;
  /** Number of packages. Default: any. */
  packages?: pulumi.Input<number>;
}

/** What is in an image, in words. Long parts end with an entry `…` that says how many more there are. */
export interface ImageContents {
  /** Name → version. */
  packages: { [name: string]: string };
  /** Packages whose maintainer scripts do more than what is known of them → which; no script is run. */
  scriptsNotRun?: { [name: string]: string };
  /** Reference of each container image → short digest. */
  images: { [reference: string]: string };
  /** Service, or `onboot/NAME` → command, image, and a short digest of all of its configuration. */
  services: { [name: string]: string };
  /** The kernel. */
  kernel: { version: string; commandLine: string; modules: number };
  /** Path of each of your files → digest, size and mode. */
  files: { [path: string]: string };
  /** Part of the image → files, bytes, digest. */
  components: { [id: string]: string };
  /** Paths of setuid and setgid files. */
  setuid: string[];
  /** Path of each file with capabilities of its own → which, such as `cap_net_raw=ep`. */
  fileCapabilities?: { [path: string]: string };
  /** `80/tcp` → who says that it is open: health checks, `ready`, container images. */
  ports?: { [port: string]: string };
  /** `SERVICE/NAME`, or `NAME` of the machine itself → its number. */
  users: { [name: string]: string };
  /** Size and number of all files. */
  sizes: { rootBytes: number; files: number };
  /** What of Ingot decides its bytes. */
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
  /** Where it is asked for: what a TPM will hold when one of its disks has booted. Known when the image is built. */
  declare readonly boot: pulumi.Output<PredictedBoot | undefined>;
  /**
   * Where it is asked for: `sha256:…` of its SBOM, as `ingot sbom` writes it. Known when the image is built.
   */
  declare readonly sbomDigest: pulumi.Output<string | undefined>;
  /** @internal Who signs its disks. */
  readonly __secureBoot: pulumi.Input<SecureBoot> | undefined;
  /** @internal The pinned spec, for the resources that build and boot it. */
  declare readonly __lock: pulumi.Output<string>;

  constructor(name: string, args: ImageArgs, options?: pulumi.CustomResourceOptions) {
    requireArgs(`the image '${name}'`, args);
    super(
      'Image',
      name,
      {
        args,
        names: NAMES,
        properties: {
          spec: args.spec,
          pins: args.pins,
          platform: args.platform,
          root: args.root,
          debug: args.debug,
          budget: args.budget,
          secureBoot: args.secureBoot,
          predictBoot: args.predictBoot,
          sbom: args.sbom,
          digest: undefined,
          contents: undefined,
          kernel: undefined,
          commandLine: undefined,
          rootSizeBytes: undefined,
          boot: undefined,
          sbomDigest: undefined,
          __lock: undefined,
        },
        secret: containsSecret(args.spec, args.pins, args.platform, args.root, args.budget, args.secureBoot, args.sbom),
      },
      options,
    );
    this.__secureBoot = args.secureBoot;
  }
}
