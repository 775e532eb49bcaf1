/** The parts of a package URL (purl-spec, "A purl is a URL composed of seven components"). */
export interface PackageUrl {
  readonly type: 'deb' | 'apk' | 'oci' | 'generic';
  readonly namespace?: string;
  readonly name: string;
  readonly version?: string;
  /** Empty values are left out. */
  readonly qualifiers?: Readonly<Record<string, string>>;
}

/** The text of a package URL, in the one spelling that it has. */
export function packageUrl({ type, namespace, name, version, qualifiers = {} }: PackageUrl): string {
  const path = [type, ...(namespace ?? '').split('/').filter((part) => part !== ''), name].map(encode).join('/');
  const pairs = Object.entries(qualifiers)
    .filter(([, value]) => value !== '')
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${encode(value).replaceAll('%2F', '/')}`);
  return `pkg:${path}${version ? `@${encode(version)}` : ''}${pairs.length === 0 ? '' : `?${pairs.join('&')}`}`;
}

/** All that says which package it is, without qualifiers and sub-path: what two records of one package have in common. */
export function packageUrlCore(text: string): string {
  return text.replace(/[?#].*$/s, '');
}

/** purl-spec, "Character encoding": only letters, digits, `.-_~` and the colon stand for themselves. */
function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed())
    .replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%3A', ':');
}
