import { parseDeb822 } from '../format/deb822.js';
import type { TreeEntry } from '../model/index.js';
import { bytesOf, MAX_READ_BYTES } from './generated.js';
import type { Read } from './root.js';

/** A package that a root's own list names. */
export interface InstalledPackage {
  readonly name: string;
  readonly version: string;
}

/** The same, with all that is wanted of what the list says. What it does not say is empty. */
export interface RecordedPackage extends InstalledPackage {
  readonly architecture: string;
  /** What it was built from. The version is empty where it is the package's own. */
  readonly source: InstalledPackage;
  /** As written there, which may be anything. */
  readonly licence: string;
}

/** The list of one root; of images without dpkg, a part of it. */
export interface PackageDatabase {
  readonly kind: 'deb' | 'apk';
  /** Path of the root in the tree; empty for that of the tree itself. */
  readonly root: string;
  readonly component: string;
  readonly packages: readonly RecordedPackage[];
}

/** Where dpkg and apk keep what is installed, in any root that lies in a tree; `status.d` is that of images without dpkg. */
const DPKG = /^(?:(.*)\/)?var\/lib\/dpkg\/(?:status|status\.d\/[^/]+)$/;
const APK = /^(?:(.*?)\/)??(?:usr\/)?lib\/apk\/db\/installed$/;

/** As many of these files are read: a root has one, or one per package. */
const MAX_DATABASES = 20_000;

/**
 * The packages in the lists of all roots among the entries, in the order of the entries. A list that cannot be read
 * is passed over: it says nothing of the image that its files would not show.
 */
export async function installedPackages(entries: readonly TreeEntry[], read: Read): Promise<InstalledPackage[]> {
  const databases = await packageDatabases(entries, read);
  return databases.flatMap(({ packages }) => packages.map(({ name, version }) => ({ name, version })));
}

/** The lists themselves, in the order of the entries. */
export async function packageDatabases(entries: readonly TreeEntry[], read: Read): Promise<PackageDatabase[]> {
  const databases: PackageDatabase[] = [];
  for (const { path, type, content, component } of entries) {
    if (type !== 'file' || content === undefined || content.sizeBytes > MAX_READ_BYTES) continue;
    const dpkg = path.endsWith('.md5sums') ? null : DPKG.exec(path);
    const match = dpkg ?? APK.exec(path);
    if (match === null) continue;
    if (databases.length === MAX_DATABASES) break;
    const text = new TextDecoder().decode(await bytesOf(content, read));
    const packages = dpkg === null ? apkPackages(text) : dpkgPackages(text);
    databases.push({ kind: dpkg === null ? 'apk' : 'deb', root: match[1] ?? '', component, packages });
  }
  return databases;
}

const FIELDS = new Set(['package', 'version', 'status', 'architecture', 'source']);

function dpkgPackages(text: string): RecordedPackage[] {
  try {
    return parseDeb822(text, { fields: FIELDS }).flatMap((stanza) => {
      const [name, version, status] = [stanza.get('package'), stanza.get('version'), stanza.get('status')];
      // dpkg keeps a record of what was removed: the third word says what is there (dpkg(1), "Package states").
      if (!name || !version || (status !== undefined && status.split(' ')[2] !== 'installed')) return [];
      const source = sourceIn(stanza.get('source') ?? name);
      return [{ name, version, architecture: stanza.get('architecture') ?? '', source, licence: '' }];
    });
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}

/** `glibc (2.36-9)`, with the version where it is not that of the package (deb-control(5), "Source"). */
function sourceIn(text: string): InstalledPackage {
  const match = /^(\S+)(?:\s+\(([^)\s]+)\))?/.exec(text);
  return { name: match?.[1] ?? text, version: match?.[2] ?? '' };
}

/** Paragraphs of lines `P:name` and `V:version` among others (apk(5), "installed"). */
function apkPackages(text: string): RecordedPackage[] {
  const packages: RecordedPackage[] = [];
  let fields = new Map<string, string>();
  const end = () => {
    const [name, version] = [fields.get('P'), fields.get('V')];
    if (name && version) {
      const source = { name: fields.get('o') || name, version: '' };
      packages.push({ name, version, architecture: fields.get('A') ?? '', source, licence: fields.get('L') ?? '' });
    }
    fields = new Map();
  };
  for (const line of text.split('\n')) {
    if (line === '') end();
    else if (line[1] === ':' && 'PVAoL'.includes(line[0] as string)) fields.set(line[0] as string, line.slice(2));
  }
  end();
  return packages;
}
