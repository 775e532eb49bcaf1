import { createHash } from 'node:crypto';
import type { Contents, Lock, Pin, Tree, TreeEntry } from '../model/index.js';
import { canonicalJson, type Digest, type Json, sha256, shortDigest } from '../model/index.js';
import type { AssembleInput } from './assemble-input.js';
import { fileCapabilitiesIn } from './contents-capabilities.js';
import { commandLine, kernelRelease, setuidIn, sizesOf, sortedRecord, versionsByName } from './contents-parts.js';
import { portsOf } from './contents-ports.js';
import { filePath } from './files.js';
import { fitContents } from './fit-contents.js';
import { picksFor, purposesOf } from './guest.js';
import { withImage } from './image-container.js';
import { type InstalledPackage, installedPackages } from './package-databases.js';
import { placedContainers } from './placed-containers.js';
import { readableSize } from './readable-size.js';
import { scriptsNotRun } from './scripts-not-run.js';
import { usersIn } from './users-in.js';

/** As many of the user's files are listed one by one. */
const MAX_LISTED_FILES = 200;

/**
 * What is in a tree, in words: at most 64 kB as JSON, whatever the tree. Values that a person does not need one by
 * one are summed up, always with a digest, so that no change goes unseen.
 */
export async function describe(tree: Tree, input: AssembleInput): Promise<Contents> {
  return fitContents(await describeWhole(tree, input));
}

/** The same, not shortened. */
export async function describeWhole(tree: Tree, input: AssembleInput): Promise<Contents> {
  const { lock, read } = input;
  const { entries } = tree;
  // Of a kernel's package only the kernel is taken, and of those of Ingot's own init single programs.
  const notRun = scriptsNotRun([...input.roots.values()].flat());
  const fileCapabilities = fileCapabilitiesIn(entries);
  const ports = portsOf(input);
  const ofKernel = entries.filter(({ component }) => component === 'kernel');
  return {
    packages: versionsByName([...packagesOf(input), ...(await packagesInImages(tree, input))]),
    ...(Object.keys(notRun).length > 0 ? { scriptsNotRun: notRun } : {}),
    images: imagesOf(lock),
    services: servicesOf(tree, input),
    kernel: {
      version: input.kernel?.package?.version ?? kernelRelease(ofKernel),
      commandLine: lock.spec.kernel?.cmdline ?? '',
      modules: ofKernel.filter(({ path }) => path.endsWith('.ko')).length,
    },
    files: filesOf(tree, lock),
    components: componentsOf(tree),
    setuid: setuidIn(entries),
    ...(Object.keys(fileCapabilities).length > 0 ? { fileCapabilities } : {}),
    ...(Object.keys(ports).length > 0 ? { ports } : {}),
    users: sortedRecord(await usersIn(entries, read)),
    sizes: sizesOf(entries),
    runtime: {
      recipe: lock.recipe,
      guest: lock.guest === null ? 'none' : String(lock.guest.version),
      platform: lock.platform,
    },
  };
}

/** Those that the image is put together from, as far as they gave something to it. */
function packagesOf(input: AssembleInput): InstalledPackage[] {
  const picked = new Set(
    picksFor(input.guest?.root.picks ?? [], purposesOf(input.lock.spec)).map((pick) => pick.package),
  );
  const guest = (input.guest?.layers ?? []).filter((layer) => picked.has(layer.package?.name ?? ''));
  const layers = [...(input.kernel ? [input.kernel] : []), ...guest, ...[...input.roots.values()].flat()];
  return layers.flatMap((layer) => layer.package ?? []);
}

/** Those that container images say they hold. */
async function packagesInImages({ entries, components }: Tree, { read }: AssembleInput): Promise<InstalledPackage[]> {
  // Of packages that were laid down here, the versions are known, and reading their records would only take time.
  const images = new Set(components.flatMap(({ id, kind }) => (kind === 'image' || kind === 'init' ? [id] : [])));
  return await installedPackages(
    entries.filter(({ component }) => images.has(component)),
    read,
  );
}

/** References that are not made of packages, which are listed one by one. */
function imagesOf(lock: Lock): Record<string, string> {
  const images = Object.entries(lock.pins).filter(([, pin]) => pin.kind !== 'debian');
  return sortedRecord(images.map(([text, pin]) => [text, shortDigest(identityOf(pin))]));
}

/** What people know it by. */
function identityOf(pin: Pin): Digest {
  if (pin.kind === 'image') return pin.manifest;
  return pin.kind === 'directory' ? pin.digest : sha256(canonicalJson(pin as unknown as Json));
}

function servicesOf(tree: Tree, { lock, images }: AssembleInput): Record<string, string> {
  const digests = new Map<string, Digest>();
  for (const { path, content } of tree.entries) {
    if (content !== undefined && /^containers\/[^/]+\/[^/]+\/(config|runtime|ingot)\.json$/.test(path)) {
      digests.set(path, content.sha256);
    }
  }
  const lines: [string, string][] = [];
  const names = new Set<string>();
  for (const { container: written, place, property } of placedContainers(lock.spec)) {
    const container = withImage(written, images?.get(written.image), property);
    const kind = place.slice(0, place.indexOf('/'));
    const short = kind === 'services' ? container.name : `${kind}/${container.name}`;
    const name = names.has(short) ? place : short;
    names.add(name);
    const digestOf = (file: string) => digests.get(`containers/${place}/${file}.json`);
    const extras = digestOf('ingot');
    const config = [digestOf('config') ?? '', digestOf('runtime') ?? '', ...(extras ? [extras] : [])].join();
    const command = commandLine(container.command ?? []);
    lines.push([name, `${command === '' ? '' : `${command} `}(${container.image}) ${shortDigest(sha256(config))}`]);
  }
  return sortedRecord(lines);
}

/** The user's files and links, and the folders they asked for; folders on the way are not listed. */
function filesOf(tree: Tree, lock: Lock): Record<string, string> {
  const folders = new Set(
    (lock.spec.files ?? []).flatMap(({ directory, path }) => (directory === true ? [filePath(path, 'files')] : [])),
  );
  const entries = tree.entries.filter(
    ({ component, type, path }) => component === 'files' && (type !== 'directory' || folders.has(path)),
  );
  if (entries.length > MAX_LISTED_FILES) return { '*': sumOf(entries) };
  return sortedRecord(entries.map((entry) => [entry.path, fileLine(entry)]));
}

function fileLine({ type, mode, uid, gid, link, content }: TreeEntry): string {
  const owner = uid === 0 && gid === 0 ? '' : ` ${uid}:${gid}`;
  const permissions = mode.toString(8).padStart(4, '0');
  if (type === 'symlink') return `link to ${link}`;
  if (content === undefined) return `${type} ${permissions}${owner}`;
  return `sha256:${shortDigest(content.sha256)} ${readableSize(content.sizeBytes)} ${permissions}${owner}`;
}

/** `services/web/packages` for `services/web/libc6`, and `packages` for all of the machine's own. */
function lineOfPackages(id: string): string {
  return /^packages(\/|$)/.test(id) ? 'packages' : `${id.slice(0, id.lastIndexOf('/'))}/packages`;
}

/** Packages of one root are one line: which of them changed is seen above. */
function componentsOf(tree: Tree): Record<string, string> {
  const lineOf = new Map<string, string>();
  for (const { id, kind } of tree.components) {
    lineOf.set(id, kind === 'package' ? lineOfPackages(id) : id);
  }
  const groups = new Map<string, TreeEntry[]>();
  for (const entry of tree.entries) {
    const line = lineOf.get(entry.component) ?? entry.component;
    const group = groups.get(line);
    if (group === undefined) groups.set(line, [entry]);
    else group.push(entry);
  }
  return sortedRecord([...groups].map(([line, entries]) => [line, sumOf(entries)]));
}

/** `N files, N bytes, sha256:…`; the digest is over all that can be seen of the entries, not over where bytes lie. */
function sumOf(entries: readonly TreeEntry[]): string {
  const hash = createHash('sha256');
  let files = 0;
  let sizeBytes = 0;
  for (const { path, type, mode, uid, gid, mtimeSeconds, link, device, xattrs, content } of entries) {
    if (type === 'file') files += 1;
    sizeBytes += content?.sizeBytes ?? 0;
    const numbers = `${mode} ${uid} ${gid} ${mtimeSeconds} ${device?.major ?? ''} ${device?.minor ?? ''}`;
    const texts = [path, type, numbers, link ?? '', content?.sha256 ?? '', xattrs ? canonicalJson(xattrs) : ''];
    hash.update(`${texts.join('\0')}\0`);
  }
  return `${files} files, ${sizeBytes} bytes, sha256:${hash.digest('hex').slice(0, 12)}`;
}
