/** Where an image comes from: the part of a reference before its first colon, if that is a known word. */
export type Transport = 'registry' | 'deb' | LocalTransport;

/** Those that read from this machine. */
export type LocalTransport = 'oci' | 'oci-archive' | 'docker-archive' | 'dir';

/** A reference to something that can be pinned and opened as a layer, such as `deb:lighttpd`. */
export interface Reference {
  readonly transport: Transport;
  /** What the transport is given: package names separated by commas, an image name, or a path with what follows it. */
  readonly name: string;
  /** As the user wrote it; the key of its pin in the lock. */
  readonly text: string;
  /** Only for local transports. */
  readonly local?: LocalReference;
}

export interface LocalReference {
  readonly transport: LocalTransport;
  /** Of the folder or archive, as written. */
  readonly path: string;
  /** Which image in it: a tag or name, or a digest. Empty where none is written. */
  readonly image: string;
}

const LOCAL = /^(oci|oci-archive|docker-archive|dir):/;

/**
 * Splits a reference. A text without a known transport is an image in a registry, as in LinuxKit; where an image is
 * called like a transport, its full name helps (`docker.io/library/oci:1`).
 */
export function parseReference(text: string): Reference {
  if (text.startsWith('deb:')) return { transport: 'deb', name: text.slice('deb:'.length), text };
  const transport = LOCAL.exec(text)?.[1] as LocalTransport | undefined;
  if (transport === undefined) return { transport: 'registry', name: text, text };
  const name = text.slice(transport.length + 1);
  return { transport, name, text, local: { transport, ...splitPath(transport, name) } };
}

/** Whether one of the names in a `deb:` reference is that of a package file of the user, with its path or without. */
export function isPackageFile(name: string): boolean {
  return name.endsWith('.deb');
}

/** The package files in a reference, as they stand in it. */
export function packageFilesIn(text: string): string[] {
  const { transport, name } = parseReference(text);
  return transport === 'deb' ? name.split(',').filter(isPackageFile) : [];
}

/** A reference with other paths for its package files. */
export function withPackageFiles(text: string, rename: (path: string) => string): string {
  if (packageFilesIn(text).length === 0) return text;
  const names = parseReference(text).name.split(',');
  return `deb:${names.map((name) => (isPackageFile(name) ? rename(name) : name)).join(',')}`;
}

/** How a reference stands in a lock, where no path of this machine may be: of those of package files the name is left. */
export function withoutPaths(text: string): string {
  return withPackageFiles(text, (path) => path.slice(path.lastIndexOf('/') + 1));
}

/** The text of a local reference. */
export function localReferenceText({ transport, path, image }: LocalReference): string {
  if (image === '') return `${transport}:${path}`;
  return `${transport}:${path}${image.startsWith('sha256:') ? '@' : ':'}${image}`;
}

/** The path ends at the first colon, as it does for other tools; of a tag and a digest the digest counts. */
function splitPath(transport: LocalTransport, name: string): { path: string; image: string } {
  if (transport === 'dir') return { path: name, image: '' };
  const digest = /@(sha256:[0-9a-f]{64})$/.exec(name);
  const rest = digest === null ? name : name.slice(0, digest.index);
  const colon = rest.indexOf(':');
  const path = colon < 0 ? rest : rest.slice(0, colon);
  return { path, image: digest?.[1] ?? (colon < 0 ? '' : rest.slice(colon + 1)) };
}
