import { type Contents, type Digest, sha256, shortDigest, type TreeEntry } from '../model/index.js';
import { commandLine, kernelRelease, setuidIn, sizesOf, sortedRecord, versionsByName } from './contents-parts.js';
import { bytesOf, MAX_READ_BYTES } from './generated.js';
import { installedPackages } from './package-databases.js';
import type { Read } from './root.js';
import { usersIn } from './users-in.js';

/**
 * What is in a root file system, from its files alone: any root, also one that was not built here. What only a spec
 * knows (references, which files are the user's) is empty. Not shortened.
 */
export async function describeRoot(entries: readonly TreeEntry[], read: Read): Promise<Contents> {
  const release = kernelRelease(entries);
  const modules = /^(?:usr\/)?lib\/modules\/[^/]+\/.*\.ko(?:\.(?:gz|xz|zst))?$/;
  return {
    packages: versionsByName(await installedPackages(entries, read)),
    images: {},
    services: sortedRecord(await servicesIn(entries, read)),
    kernel: {
      version: release,
      commandLine: (await textAt('boot/cmdline', entries, read)) ?? '',
      modules: release === '' ? 0 : entries.filter(({ path, type }) => type === 'file' && modules.test(path)).length,
    },
    files: {},
    components: {},
    setuid: setuidIn(entries),
    users: sortedRecord(await usersIn(entries, read)),
    sizes: sizesOf(entries),
    runtime: { recipe: 0, guest: '', platform: '' },
  };
}

const CONFIG = /^containers\/([^/]+)\/([^/]+)\/(config|runtime|ingot)\.json$/;

/** Name or `onboot/000-name`, as the folders of the bundles say, with the command and a digest of its configuration. */
async function servicesIn(entries: readonly TreeEntry[], read: Read): Promise<[string, string][]> {
  const bundles = new Map<string, { digests: Digest[]; config: TreeEntry | undefined }>();
  for (const entry of entries) {
    const match = CONFIG.exec(entry.path);
    if (match === null || entry.content === undefined) continue;
    const [, kind, folder, file] = match;
    const name = kind === 'services' ? (folder as string) : `${kind}/${folder}`;
    const bundle = bundles.get(name) ?? { digests: [], config: undefined };
    bundle.digests.push(entry.content.sha256);
    if (file === 'config') bundle.config = entry;
    bundles.set(name, bundle);
  }
  const lines: [string, string][] = [];
  for (const [name, { digests, config }] of bundles) {
    const command = commandLine(config === undefined ? [] : await argumentsOf(config, read));
    lines.push([name, `${command === '' ? '' : `${command} `}${shortDigest(sha256(digests.join()))}`]);
  }
  return lines;
}

/** `process.args` of a bundle's configuration; none where it cannot be read: the digest tells a change all the same. */
async function argumentsOf({ content }: TreeEntry, read: Read): Promise<string[]> {
  if (content === undefined || content.sizeBytes > MAX_READ_BYTES) return [];
  try {
    const config: unknown = JSON.parse(new TextDecoder().decode(await bytesOf(content, read)));
    const args = (config as { process?: { args?: unknown } } | null)?.process?.args;
    return Array.isArray(args) ? args.map(String) : [];
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}

async function textAt(path: string, entries: readonly TreeEntry[], read: Read): Promise<string | undefined> {
  const content = entries.find((entry) => entry.path === path)?.content;
  if (content === undefined || content.sizeBytes > MAX_READ_BYTES) return undefined;
  return new TextDecoder().decode(await bytesOf(content, read));
}
