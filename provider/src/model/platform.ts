/** What an image runs on, in OCI's words. */
export type Platform = 'linux/amd64' | 'linux/arm64';

export type Architecture = 'amd64' | 'arm64';

/** Debian, OCI and Go agree on these two names. */
export function architectureOf(platform: Platform): Architecture {
  return platform === 'linux/amd64' ? 'amd64' : 'arm64';
}
