/** Where an image comes from: the part of a reference before its first colon, if that is a known word. */
export type Transport = 'registry' | 'deb';

/** A reference to something that can be pinned and opened as a layer, such as `deb:lighttpd`. */
export interface Reference {
  readonly transport: Transport;
  /** What the transport is given: package names separated by commas, or an image name. */
  readonly name: string;
  /** As the user wrote it; the key of its pin in the lock. */
  readonly text: string;
}

/** Splits a reference. A text without a known transport is an image in a registry, as in LinuxKit. */
export function parseReference(text: string): Reference {
  if (text.startsWith('deb:')) return { transport: 'deb', name: text.slice('deb:'.length), text };
  return { transport: 'registry', name: text, text };
}
