import type { Format } from '../model/artifact.js';

/** LinuxKit's file names, by format and role. */
export const ENDINGS: Readonly<Record<Format, Readonly<Record<string, string>>>> = {
  'kernel+initrd': { kernel: '-kernel', initrd: '-initrd.img', cmdline: '-cmdline' },
  tar: { tar: '.tar' },
};

export const FORMATS = Object.keys(ENDINGS) as readonly Format[];
