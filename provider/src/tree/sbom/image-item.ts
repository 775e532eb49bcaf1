import { architectureOf, hexOf, type ImagePin, type Platform, parseReference } from '../../model/index.js';
import { type Item, itemId } from './item.js';
import { packageUrl } from './package-url.js';

/** A container image that the image is put together from. */
export function imageItem(
  reference: string,
  pin: ImagePin,
  { platform, places }: { readonly platform: Platform; readonly places: readonly string[] },
): Item {
  const { repository, tag } = repositoryOf(reference);
  const name = repository.slice(repository.lastIndexOf('/') + 1);
  const isLocal = parseReference(reference).local !== undefined;
  // purl-spec, type "oci": the version is the digest, the repository a qualifier.
  const url = packageUrl({
    ...{ type: 'oci', name: name.toLowerCase(), version: pin.manifest },
    qualifiers: { arch: architectureOf(platform), repository_url: isLocal ? '' : repository, tag },
  });
  return {
    ...{ kind: 'image', id: itemId('image', name, `${reference} ${pin.manifest}`), name, url, reference, places },
    ...{
      version: tag === '' ? pin.manifest : tag,
      sha256: hexOf(pin.manifest),
      architecture: architectureOf(platform),
    },
    within: [],
  };
}

/** `docker.io/library/alpine` and `3.20`; of what lies on this machine, its name and what it is called there. */
function repositoryOf(reference: string): { repository: string; tag: string } {
  const { local } = parseReference(reference);
  if (local !== undefined) return { repository: local.path, tag: local.image.startsWith('sha256:') ? '' : local.image };
  const bare = reference.replace(/@.*$/, '');
  const colon = bare.indexOf(':', bare.lastIndexOf('/') + 1);
  const [name, tag] = colon < 0 ? [bare, ''] : [bare.slice(0, colon), bare.slice(colon + 1)];
  const [first = '', ...rest] = name.split('/');
  // A first part that is no host is a part of the name, in Docker's own registry.
  const hasHost = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  if (hasHost) return { repository: name, tag };
  return { repository: `docker.io/${rest.length === 0 ? 'library/' : ''}${name}`, tag };
}
