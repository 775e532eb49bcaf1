import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A kernel and five roots made of real packages: 405 MiB in 10,000 files. */
const SPEC = `
kernel:
  image: deb:linux-image-cloud-amd64
services:
  - { name: web, image: "deb:nginx", command: [nginx] }
  - { name: cache, image: "deb:redis-server", command: [redis-server] }
  - { name: source, image: "deb:git,vim", command: [git] }
  - { name: script, image: "deb:python3", command: [python3] }
  - { name: shell, image: "deb:openssh-server", command: [/usr/sbin/sshd] }
files:
  - { path: etc/motd, source: motd, mode: "0644" }
`.trimStart();

/** A spec in a folder, with one file of the user that a run can change. */
export class LargeImage {
  readonly folder: string;
  #changes = 0;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(folder: string): Promise<LargeImage> {
    const image = new LargeImage(folder);
    await writeFile(join(folder, 'large.yml'), SPEC);
    await image.change();
    return image;
  }

  /** Gives the file another content, of the same length. */
  async change(): Promise<void> {
    this.#changes += 1;
    await writeFile(join(this.folder, 'motd'), `${String(this.#changes).padStart(8, '0')}\n`);
  }
}
