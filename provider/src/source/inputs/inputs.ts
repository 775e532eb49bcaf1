import type { Digest } from '../../model/digest.js';
import type { ImageBlob, ImageBlobs } from '../../model/layer.js';
import type { Lock } from '../../model/lock.js';
import type { Pin } from '../../model/pin.js';

/** All that an image is made from, in the store. */
export interface Inputs {
  readonly lock: Lock;
  /** Container images, as where they come from. */
  readonly images: readonly (ImageBlobs & { readonly reference: string })[];
  /** All else. */
  readonly blobs: readonly InputBlob[];
}

export interface InputBlob extends ImageBlob {
  /** What it is, for people: the name of a package file, a path. */
  readonly title: string;
  /** The pin of the folder that it is the content of, where it is one. */
  readonly directory?: Digest;
}

/** Media types, and the names of annotations. */
export const INPUTS = 'application/vnd.ingot.inputs.v1';
export const LOCK = 'application/vnd.ingot.lock.v1+json';
export const PACKAGE = 'application/vnd.debian.binary-package';
/** An index or a manifest, or what one says of an image. */
export const DOCUMENT = 'application/json';
export const FILE = 'application/octet-stream';
export const TITLE = 'org.opencontainers.image.title';
export const DIRECTORY = 'ingot.directory';

/** The pins of a lock with their references, that of Ingot's own init too. */
export function pinsOf({ pins, guest }: Lock): [reference: string, pin: Pin][] {
  return [...Object.entries(pins), ...(guest === null ? [] : [['deb:', guest.pin] as [string, Pin]])];
}

/** References to images that the machine is to hold as they are. */
export function keptWhole({ spec }: Lock): ReadonlySet<string> {
  return new Set((spec.volumes ?? []).flatMap(({ image, format }) => (format === 'oci' && image ? [image] : [])));
}
