import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** Runs a program to its end; its words, or an error with them. */
export async function run(program: string, ...args: readonly string[]): Promise<string> {
  return (await promisify(execFile)(program, [...args], { maxBuffer: 16 << 20 })).stdout;
}

/** An image of two layers in a new OCI layout, made by umoci; skopeo's name for it. */
export async function makeImage(folder: string): Promise<string> {
  const layout = join(folder, 'layout');
  const image = `${layout}:1.0`;
  await run('umoci', 'init', '--layout', layout);
  await run('umoci', 'new', '--image', image);
  await addLayer(image, { bundle: join(folder, 'first'), name: 'hello', content: Buffer.from('hello\n') });
  const large = Buffer.alloc(3_000_000, 'some words that are repeated ');
  await addLayer(image, { bundle: join(folder, 'second'), name: 'large', content: large });
  await run('umoci', 'config', '--image', image, '--config.cmd', '/srv/hello', '--config.env', 'A=b');
  return `oci:${image}`;
}

/** By repacking: the layers of `umoci insert` end in the middle of a block, which GNU tar does not read either. */
async function addLayer(
  image: string,
  { bundle, name, content }: { readonly bundle: string; readonly name: string; readonly content: Uint8Array },
): Promise<void> {
  await run('umoci', 'unpack', '--rootless', '--image', image, bundle);
  await mkdir(join(bundle, 'rootfs/srv'), { recursive: true });
  await writeFile(join(bundle, 'rootfs/srv', name), content);
  await run('umoci', 'repack', '--image', image, bundle);
}

export interface PushOptions {
  readonly credentials?: string;
  readonly format?: 'oci' | 'v2s2';
  readonly ca?: string;
}

/** Copies an image with skopeo. */
export async function push(from: string, to: string, options: PushOptions = {}): Promise<void> {
  const { credentials, format = 'oci', ca } = options;
  await run(
    'skopeo',
    ...['copy', '--insecure-policy', '--quiet', '--format', format],
    ...(ca ? ['--dest-cert-dir', ca] : ['--dest-tls-verify=false']),
    ...(credentials ? ['--dest-creds', credentials] : ['--dest-no-creds']),
    from,
    `docker://${to}`,
  );
}
