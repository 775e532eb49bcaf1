import { type Digest } from '../../model/digest.js';
/** An image in a registry, spelt out. Without tag and digest it is the one tagged `latest`. */
export interface ImageName {
    /** Host, with its port where it has one; `docker.io` for Docker Hub. In lower case. */
    readonly registry: string;
    readonly repository: string;
    readonly tag?: string;
    readonly digest?: Digest;
}
/** What images are called that lie in Docker Hub; the first is the one we use. */
export declare const HUB_NAMES: string[];
/** Where Docker Hub answers. */
export declare const HUB_HOST = "registry-1.docker.io";
/**
 * Reads the name of an image as Docker does: `alpine` is `docker.io/library/alpine`; the first part is a host if it has
 * a dot or a colon, or is `localhost`. One that has only upper-case letters is none, which Docker would take for one.
 * @throws {SourceError} `bad-reference`; `unsupported` for a digest that is no SHA-256.
 */
export declare function parseImageName(text: string): ImageName;
/** What to ask a registry for: the digest, which cannot move, before the tag. */
export declare function referenceOf({ tag, digest }: ImageName): string;
/** `docker.io/library/alpine:3`. */
export declare function showImageName({ registry, repository, tag, digest }: ImageName): string;
export declare function isTag(text: string): boolean;
/** A registry's host as it is used for comparing: lower case, one name for Docker Hub. */
export declare function registryOf(host: string): string;
