import type { Format } from '../model/artifact.js';
import type { Contents } from '../model/contents.js';
import { hexOf, sha256 } from '../model/digest.js';
import { type LockedImage, lockDigest } from '../model/lock.js';
import type { Claim, Published } from '../model/published.js';
import { type EncodeOptions, encodeImage } from './encode.js';
import { predictBoot } from './predict.js';
import type { Workshop } from './workshop.js';

/** Formats that are one file, and what its name ends with. */
export const FILE_ENDINGS: Readonly<Partial<Record<Format, string>>> = {
  tar: '.tar',
  'oci-archive': '.oci.tar',
  'docker-archive': '.docker.tar',
  'tar-kernel-initrd': '-initrd.tar',
  'raw-efi': '.img',
  'qcow2-efi': '.qcow2',
  'iso-efi': '.iso',
  aws: '.raw',
  gcp: '.tar.gz',
};

export interface PublishOptions {
  readonly directory: string;
  readonly name: string;
  readonly format: Format;
  readonly contents: Contents;
  readonly claim: Claim;
  /** Signs what firmware starts. Default: nobody. */
  readonly signer?: NonNullable<EncodeOptions['signer']>;
}

/** Lock → Published: a file in a folder. What is there already is not made again. */
export async function publishFile(
  image: LockedImage,
  { format, signer, ...options }: PublishOptions,
  workshop: Workshop,
): Promise<Published> {
  const { publishFile: publish } = await import('../publish/local/image-file.js');
  const { signal, now, progress } = workshop;
  return publish({
    ...options,
    ...{ format, ending: FILE_ENDINGS[format] ?? '', image: lockDigest(image.lock), signal, nowMs: now().getTime() },
    ...(signer ? { variant: hexOf(sha256(signer.certificates[0] ?? '')).slice(0, 8) } : {}),
    make: async () => {
      const { files, disk: booted } = await encodeImage(image, { format, ...(signer ? { signer } : {}) }, workshop);
      const [file] = files;
      if (file === undefined || files.length > 1) throw new TypeError(`${format} is not one file`);
      progress({ step: `writing ${format}` });
      const { image: disk, bytes } = file;
      return {
        bytes: () => bytes({ reuse: true }),
        ...(disk ? { disk } : {}),
        ...(booted ? { boot: await predictBoot(booted) } : {}),
      };
    },
  });
}
