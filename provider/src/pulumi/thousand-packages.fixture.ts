import { hexOf, sha256 } from '../model/digest.js';
import type { DebianPin, PinnedPackage } from '../model/pin.js';

const SYLLABLES = [
  'lib',
  'perl',
  'python3-',
  'ra',
  'net',
  'go',
  'tex',
  'utils',
  'qt',
  'mo',
  'font',
  'dev',
  'cli',
  'x',
  'io',
  'gnu',
];

/** Nearly as different from others as packages of Debian are: a thousand of those, taken evenly, need 97 kB. */
function packageOf(index: number): PinnedPackage {
  const digest = sha256(`package ${index}`);
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0, i = 0] = Buffer.from(hexOf(digest), 'hex');
  const name = [a, b, c, d, h, i].map((byte) => SYLLABLES[byte % SYLLABLES.length]).join('') + (e % 32);
  const version = `${e % 10}.${f % 32}.${g % 16}-${(a % 8) + 1}${b % 4 === 0 ? `+deb13u${c % 4}` : ''}`;
  const architecture = d % 4 === 0 ? 'all' : 'amd64';
  const source = e % 2 === 0 ? name : SYLLABLES[f % SYLLABLES.length] + name.slice(0, 5 + (h % 8));
  const path = `pool/main/${source[0]}/${source}/${name}_${version}_${architecture}.deb`;
  const sizeBytes = (e * 65536 + f * 256 + g) >> (a % 8);
  return { name, version, architecture, digest: sha256(`digest ${index}`), sizeBytes, archive: 'main', path };
}

/** A pin of a thousand packages, made up: for what a state needs of them. */
export function thousandPackages(): DebianPin {
  const packages = Array.from({ length: 1000 }, (_, index) => packageOf(index));
  return { kind: 'debian', suite: 'trixie', packages: packages.sort((a, b) => (a.name < b.name ? -1 : 1)) };
}
