import { PolicyPack, type ResourceValidationPolicy } from '@pulumi/policy';
import type { ImageContents } from 'pulumi-ingot';

/** Setuid files that are known, and wanted. */
const SETUID_ALLOWED: readonly string[] = [];
const CAPABILITIES_ALLOWED: readonly string[] = [];
const PORTS_ALLOWED: readonly string[] = ['80/tcp', '443/tcp'];
const PACKAGES_REFUSED: readonly string[] = ['telnetd', 'rsh-server', 'netcat-traditional'];
const MAX_ROOT_BYTES = 500_000_000;

new PolicyPack('images', {
  policies: [
    images('no-new-setuid', 'Nothing runs as the owner of its file, but what is known.', ({ setuid }) =>
      setuid
        .filter((path) => !SETUID_ALLOWED.includes(path))
        .map((path) => `${path} is setuid or setgid; take the bit away, or add it to SETUID_ALLOWED`),
    ),
    images('no-new-capabilities', 'No file has capabilities of its own, but what is known.', ({ fileCapabilities }) =>
      Object.entries(fileCapabilities ?? {})
        .filter(([path]) => !CAPABILITIES_ALLOWED.includes(path))
        .map(([path, capabilities]) => `${path} has ${capabilities}`),
    ),
    images('known-ports', 'Only known ports are open.', ({ ports }) =>
      Object.entries(ports ?? {})
        .filter(([port]) => !PORTS_ALLOWED.includes(port))
        .map(([port, who]) => `${who} opens ${port}; allowed are ${PORTS_ALLOWED.join(', ')}`),
    ),
    images('no-refused-packages', 'Some packages are never in an image.', ({ packages }) =>
      PACKAGES_REFUSED.filter((name) => name in packages).map((name) => `${name} ${packages[name]} is in it`),
    ),
    images('small', 'An image is small.', ({ sizes }) =>
      sizes.rootBytes > MAX_ROOT_BYTES ? [`it has ${sizes.rootBytes} bytes, more than ${MAX_ROOT_BYTES}`] : [],
    ),
  ],
});

/** A policy over what is in each image. `contents` is known in a preview, unless the spec itself is not known yet. */
function images(
  name: string,
  description: string,
  judge: (contents: ImageContents) => readonly string[],
): ResourceValidationPolicy {
  return {
    name,
    description,
    enforcementLevel: 'mandatory',
    validateResource: ({ type, props }, report) => {
      if (type !== 'pulumi-nodejs:dynamic/ingot:Image') return;
      for (const violation of judge(props.contents as ImageContents)) report(violation);
    },
  };
}
