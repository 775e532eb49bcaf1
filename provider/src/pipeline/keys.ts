import { X509Certificate } from 'node:crypto';
import type { SignerOptions } from '../source/signing/signer.js';
import type { EncodeOptions } from './encode.js';
import type { Workshop } from './workshop.js';

/**
 * New keys for Secure Boot, in files of a folder that is made if it is not there; their names, in order.
 * @throws {SourceError} `io`; where one of the files is there already, none is written.
 */
export async function newKeys(
  folder: string,
  options: { readonly name: string },
  workshop: Pick<Workshop, 'now' | 'progress'>,
): Promise<string[]> {
  const { newKeys: make } = await import('../source/signing/new-keys.js');
  const { writeKeys } = await import('../source/signing/write-keys.js');
  workshop.progress({ step: 'making keys' });
  const files = await make({ name: options.name, now: workshop.now() });
  await writeKeys(folder, files);
  return files.map(({ name }) => name);
}

/**
 * What signs disks for Secure Boot, from files or a command. A certificate that has expired is a warning alone: firmware
 * does not look at the time, and machines that know it go on to start what it signs.
 * @throws {SourceError}
 */
export async function signerFor(
  options: Omit<SignerOptions, 'signal'>,
  { signal, now, progress }: Pick<Workshop, 'signal' | 'now' | 'progress'>,
): Promise<NonNullable<EncodeOptions['signer']>> {
  const { signer } = await import('../source/signing/signer.js');
  const found = await signer({ ...options, signal });
  const { validTo } = new X509Certificate(found.certificates[0] ?? '');
  if (Date.parse(validTo) < now().getTime()) {
    const warning = `the certificate ${options.certificate} has expired (${validTo}); firmware does not look at that, other tools may: \`ingot keys new\` makes another`;
    progress({ step: 'reading keys', warning });
  }
  return found;
}
