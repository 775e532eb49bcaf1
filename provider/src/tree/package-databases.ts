import { parseDeb822 } from '../format/deb822.js';
import type { TreeEntry } from '../model/index.js';
import { bytesOf, MAX_READ_BYTES } from './generated.js';
import type { Read } from './root.js';

/** A package that a root's own list names. */
export interface InstalledPackage {
  readonly name: string;
  readonly version: string;
}

/** Where dpkg and apk keep what is installed, in any root that lies in a tree; `status.d` is that of images without dpkg. */
const DPKG = /(?:^|\/)var\/lib\/dpkg\/(?:status|status\.d\/[^/]+)$/;
const APK = /(?:^|\/)(?:usr\/)?lib\/apk\/db\/installed$/;

/** As many of these files are read: a root has one, or one per package. */
const MAX_DATABASES = 20_000;

/**
 * The packages in the lists of all roots among the entries, in the order of the entries. A list that cannot be read
 * is passed over: it says nothing of the image that its files would not show.
 */
export async function installedPackages(entries: readonly TreeEntry[], read: Read): Promise<InstalledPackage[]> {
  const packages: InstalledPackage[] = [];
  let databases = 0;
  for (const { path, type, content } of entries) {
    if (type !== 'file' || content === undefined || content.sizeBytes > MAX_READ_BYTES) continue;
    const parse =
      DPKG.test(path) && !path.endsWith('.md5sums') ? dpkgPackages : APK.test(path) ? apkPackages : undefined;
    if (parse === undefined) continue;
    databases += 1;
    if (databases > MAX_DATABASES) break;
    packages.push(...parse(new TextDecoder().decode(await bytesOf(content, read))));
  }
  return packages;
}

const FIELDS = new Set(['package', 'version', 'status']);

function dpkgPackages(text: string): InstalledPackage[] {
  try {
    return parseDeb822(text, { fields: FIELDS }).flatMap((stanza) => {
      const [name, version, status] = [stanza.get('package'), stanza.get('version'), stanza.get('status')];
      // dpkg keeps a record of what was removed: the third word says what is there (dpkg(1), "Package states").
      if (!name || !version || (status !== undefined && status.split(' ')[2] !== 'installed')) return [];
      return [{ name, version }];
    });
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}

/** Paragraphs of lines `P:name` and `V:version` among others (apk(5), "installed"). */
function apkPackages(text: string): InstalledPackage[] {
  const packages: InstalledPackage[] = [];
  let name: string | undefined;
  let version: string | undefined;
  const end = () => {
    if (name && version) packages.push({ name, version });
    name = version = undefined;
  };
  for (const line of text.split('\n')) {
    if (line === '') end();
    else if (line.startsWith('P:')) name = line.slice(2);
    else if (line.startsWith('V:')) version = line.slice(2);
  }
  end();
  return packages;
}
