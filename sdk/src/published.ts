import * as pulumi from '@pulumi/pulumi';
import type { BootTest } from './boot-test.js';
import { Image, type ImageContents } from './image.js';
import { requireDeclaredImage } from './required-image.js';

/**
 * What is published: an image that has passed a boot test, or one of which the program says that it is not tested.
 */
export type ImageToPublish =
  | {
      /** An image that has passed its boot test. */
      image: BootTest;
      /** Whether to publish an image that nobody has booted: `true` takes an `Image` in place of a boot test. */
      untested?: false;
    }
  | {
      /** An image that nobody has booted. */
      image: Image | BootTest;
      /** Publish it all the same. */
      untested: true;
    };

/**
 * What many machines boot: an image that has passed a boot test, or is published, or of which the program says that it is
 * not tested.
 */
export type ImageToRoll =
  | {
      /**
       * What they boot: an image that has passed its boot test, or the `ref` of one that is published as a file, also from
       * another stack, which UEFI firmware boots. Another image means other machines.
       */
      image: BootTest | pulumi.Input<ImageRef>;
      /** Whether to roll out an image that nobody has booted: `true` takes an `Image` in place of a boot test. */
      untested?: false;
    }
  | {
      /** An image that nobody has booted. */
      image: Image | BootTest | pulumi.Input<ImageRef>;
      /** Roll it out all the same. */
      untested: true;
    };

/** What another program, or stack, needs to know of a published image: a plain object, which crosses a stack reference. */
export interface ImageRef {
  /** What it is published as. */
  kind: 'file';
  /** The one name of the image everywhere. */
  digest: string;
  /** Absolute path. */
  file: string;
  /** Output format of the file. */
  format: string;
  /** What it runs on. */
  platform: string;
  /** What is in it, so that a preview of whoever uses it shows what changes inside. */
  contents: ImageContents;
}

/** The image's part in the inputs of what publishes it. @throws {pulumi.RunError} for an image that is not tested. */
export function imageInputs(what: string, args: ImageToPublish): Record<string, unknown> {
  const { image } = args;
  requireDeclaredImage(what, image, 'an ingot.BootTest');
  requireTested(what, args);
  return { imageDigest: image.digest, contents: image.contents, __lock: image.__lock };
}

/** @throws {pulumi.RunError} for an image that nobody has booted. */
export function requireTested(what: string, { image, untested }: ImageToRoll): void {
  if (image instanceof Image && untested !== true) {
    throw new pulumi.RunError(
      `Cannot create ${what}: nobody has booted its image; pass an ingot.BootTest of it as image, or say untested: true`,
    );
  }
}
