import * as pulumi from '@pulumi/pulumi';

/**
 * What TypeScript sees, and a program in JavaScript is told here.
 * @param wanted what to pass, such as `an ingot.Image`
 * @throws {pulumi.RunError} where there is no image.
 */
export function requireImage(what: string, image: unknown, wanted: string): void {
  if (image !== undefined && image !== null) return;
  throw new pulumi.RunError(`Cannot create ${what}: it has no image; pass ${wanted} as image`);
}

/** As requireImage(), where only a resource will do. @throws {pulumi.RunError} where the image is none that was declared. */
export function requireDeclaredImage(
  what: string,
  image: { readonly digest: unknown } | undefined,
  wanted: string,
): void {
  requireImage(what, image, wanted);
  if (pulumi.Output.isInstance(image?.digest)) return;
  throw new pulumi.RunError(`Cannot create ${what}: its image is not one that was declared; pass ${wanted} as image`);
}
