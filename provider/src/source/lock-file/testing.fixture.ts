import { type Digest, sha256 } from '../../model/digest.js';
import type { DebianPin, ImagePin, PinnedPackage } from '../../model/pin.js';
import type { LockFileContent } from './content.js';

/** Pins that nothing stands behind: for tests only. */

/** `name=version` each. */
export function debianPin(...packages: string[]): DebianPin {
  return { kind: 'debian', suite: 'trixie', packages: packages.map(packagePin) };
}

export function packagePin(text: string): PinnedPackage {
  const [name = '', version = ''] = text.split('=');
  return {
    name,
    version,
    architecture: 'amd64',
    digest: sha256(text),
    sizeBytes: 100,
    archive: 'main',
    path: `pool/main/${name}_${version}_amd64.deb`,
  };
}

export function imagePin(text: string): ImagePin {
  const digest = (part: string): Digest => sha256(`${text} ${part}`);
  return {
    kind: 'image',
    manifest: digest('manifest'),
    config: { digest: digest('config'), sizeBytes: 10 },
    layers: [{ digest: digest('layer'), sizeBytes: 10, mediaType: 'x', diffId: digest('diff') }],
  };
}

/** Two references, and the init. */
export function contentOf(changes: Partial<LockFileContent> = {}): LockFileContent {
  return {
    platform: 'linux/amd64',
    suite: 'trixie',
    recipe: 1,
    guest: { version: 1, pin: debianPin('crun=1.0', 'libc6=2.0') },
    pins: { 'deb:web': debianPin('libc6=2.0', 'libz=1.0', 'web=3.0'), 'example.org/app:1': imagePin('app 1') },
    ...changes,
  };
}
