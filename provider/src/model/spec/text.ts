import { z } from 'zod';

/** Text without NUL: the kernel ends paths, arguments and variables there, so what follows one would be lost. */
export const text = z.string().refine((value) => !value.includes('\0'), 'must not contain a NUL character');

/** A number, or a name that stands for one: `root`, a container of the spec, or in containers a user of the image. */
export const idValue = z.union([z.int().min(0).max(0xfffffffe), text]);

/** Permission bits as octal text; a bare `0644` in YAML is the decimal number 644. */
export const octalMode = z.string().regex(/^0?[0-7]{1,4}$/, 'must be an octal text such as "0644"');

/** Metadata of an option or section that LinuxKit's schema does not have. */
export const ingot = { 'x-ingot': true } as const;
