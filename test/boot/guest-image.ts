import { lockDigest } from '../../provider/src/model/lock.js';
import { silent } from '../../provider/src/model/progress.js';
import { lock, openWorkshop, parse, bootFiles as pipelineBootFiles } from '../../provider/src/pipeline.js';
import { settingsFrom } from '../../provider/src/settings.js';
import type { BootFiles } from './guest-machine.js';

export const KERNEL = { image: 'deb:linux-image-cloud-amd64' };

/** A container of a spec that runs a busybox script. */
export function script(name: string, text: string, more: object = {}): object {
  const command = ['/usr/bin/busybox', 'sh', '-c', text];
  return { name, image: 'deb:busybox-static', command, readonly: true, ...more };
}

/** Builds the image of a spec, its kernel left out, with the product's own pipeline. */
export async function imageOf(spec: object): Promise<BootFiles & { readonly digest: string }> {
  await using workshop = await openWorkshop(settingsFrom(process.env), {
    directory: __dirname,
    signal: new AbortController().signal,
    progress: silent,
    now: () => new Date(),
  });
  const parsed = await parse({ kernel: KERNEL, ...spec }, workshop);
  const image = await lock(parsed.spec, {}, workshop);
  return { ...(await pipelineBootFiles(image, workshop)), digest: lockDigest(image.lock) };
}
