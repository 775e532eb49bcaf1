import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const KERNEL = 'deb:linux-image-cloud-amd64';

/** Five roots made of real packages, beside a kernel: 405 MiB in 10,000 files. */
const SERVICES: readonly { readonly name: string; readonly image: string; readonly command: string }[] = [
  { name: 'web', image: 'deb:nginx', command: 'nginx' },
  { name: 'cache', image: 'deb:redis-server', command: 'redis-server' },
  { name: 'source', image: 'deb:git,vim', command: 'git' },
  { name: 'script', image: 'deb:python3', command: 'python3' },
  { name: 'shell', image: 'deb:openssh-server', command: '/usr/sbin/sshd' },
];

export interface LargeImageOptions {
  /** The name of a package file in the folder, which each service takes that has one of these references. */
  readonly packageFile?: { readonly name: string; readonly references: readonly string[] };
  /** What the machine runs as its first program, a script for busybox, in the place of all else. */
  readonly init?: string;
  /**
   * How it gets that: in the root of a disk, whose initramfs is Ingot's own; or from the kernel, which unpacks all of the
   * root as LinuxKit's images have it. Default: `disk`.
   */
  readonly root?: 'disk' | 'unpacked';
}

/** A spec in a folder, with one file of the user that a run can change. */
export class LargeImage {
  readonly folder: string;
  #changes = 0;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(folder: string, options: LargeImageOptions = {}): Promise<LargeImage> {
    const image = new LargeImage(folder);
    await mkdir(join(folder, 'first'), { recursive: true });
    if (options.init !== undefined) await writeFile(join(folder, 'first/init'), options.init, { mode: 0o755 });
    // YAML has JSON in it.
    await writeFile(join(folder, 'large.yml'), JSON.stringify(specOf(options), undefined, 1));
    await image.change();
    return image;
  }

  /** Gives the file another content, of the same length. */
  async change(): Promise<void> {
    this.#changes += 1;
    await writeFile(join(this.folder, 'motd'), `${String(this.#changes).padStart(8, '0')}\n`);
  }
}

function specOf({ packageFile, init, root = 'disk' }: LargeImageOptions): object {
  const services = SERVICES.map(({ name, image, command }) => {
    const isChanged = packageFile?.references.includes(image) === true;
    return { name, image: isChanged ? `deb:${packageFile.name},${image.slice(4)}` : image, command: [command] };
  });
  const motd = { path: 'etc/motd', source: 'motd', mode: '0644' };
  const rest = { kernel: { image: KERNEL }, services, files: [motd] };
  if (init === undefined) return rest;
  const kernel = { image: KERNEL, cmdline: 'console=ttyS0 quiet panic=-1' };
  if (root === 'unpacked') return { ...rest, kernel, init: ['dir:first', 'deb:busybox-static'] };
  return { ...rest, kernel, root, files: [{ path: 'init', source: 'first/init', mode: '0755' }, motd] };
}
