import { generated } from './generated.js';
import { type Folder, findLink, makeFolder, newFile, newFolder, newSymlink, plainFolder, put } from './root.js';

/** What LinuxKit puts in place of whatever hosts file an image has. */
const HOSTS = `127.0.0.1       localhost
::1     localhost ip6-localhost ip6-loopback
fe00::0 ip6-localnet
ff00::0 ip6-mcastprefix
ff02::1 ip6-allnodes
ff02::2 ip6-allrouters
`;
const NO_RESOLVER = '\n# no resolv.conf configured\n';
/** Where the machine keeps its name servers. */
const RESOLVER_FILE = '/run/resolvconf/resolv.conf';

const FOLDERS = ['dev', 'dev/pts', 'dev/shm', 'etc', 'proc', 'sys'];

export interface TouchOptions {
  readonly component: string;
  readonly mtimeSeconds: number;
  /** The machine's own root takes its name servers from a link; a container gets them by a bind, over a stub. */
  readonly resolver: 'stub' | 'link';
}

/**
 * Sets right what every root must have, over what its layers brought: mount points with plain owner and mode,
 * etc/hosts, etc/resolv.conf, and etc/mtab where there is none.
 */
export function touch(root: Folder, { component, mtimeSeconds, resolver }: TouchOptions): void {
  const plain = plainFolder(component, mtimeSeconds);
  for (const path of FOLDERS) {
    if (findLink(root, path)?.type === 'directory') Object.assign(makeFolder(root, path, plain), plain);
    else put(root, path, newFolder(plain), plain);
  }
  const file = { ...plain, mode: 0o644 };
  put(root, 'etc/hosts', newFile(generated(HOSTS), file), plain);
  if (findLink(root, 'etc/mtab') === undefined) put(root, 'etc/mtab', newSymlink('/proc/mounts', plain), plain);
  const stub = newFile(generated(NO_RESOLVER), file);
  put(root, 'etc/resolv.conf', resolver === 'link' ? newSymlink(RESOLVER_FILE, plain) : stub, plain);
}
