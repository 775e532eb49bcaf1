import { FORMATS, type Format } from '../model/artifact.js';

export { FORMATS };

/** What is put after the name of an image, by format and role: LinuxKit's file names, where it has the format. */
const ENDINGS: Readonly<Record<Format, Readonly<Record<string, string>>>> = {
  tar: { tar: '.tar' },
  oci: {},
  'oci-archive': { 'oci-archive': '.oci.tar' },
  'docker-archive': { 'docker-archive': '.docker.tar' },
  'kernel+initrd': { kernel: '-kernel', initrd: '-initrd.img', cmdline: '-cmdline' },
  'tar-kernel-initrd': { tar: '-initrd.tar' },
  // The kernel is that of kernel+initrd; the others are not, and can lie beside them.
  'kernel+erofs': { kernel: '-kernel', initrd: '-erofs-initrd.img', erofs: '-erofs.img', cmdline: '-erofs-cmdline' },
  'raw-efi': { 'raw-efi': '-efi.img' },
  'qcow2-efi': { 'qcow2-efi': '-efi.qcow2' },
  'iso-efi': { 'iso-efi': '-efi.iso' },
  aws: { aws: '.raw' },
  gcp: { gcp: '.img.tar.gz' },
};

/** Formats of several files. */
const SEVERAL: readonly Format[] = ['oci', 'kernel+initrd', 'kernel+erofs'];

export function isOneFile(format: Format): boolean {
  return !SEVERAL.includes(format);
}

/** What is put after the name of an image, for a file of it. An OCI layout is a folder, whose files have their paths. */
export function endingOf(format: Format, role: string): string {
  return format === 'oci' ? `-oci/${role}` : (ENDINGS[format][role] ?? `-${role}`);
}
