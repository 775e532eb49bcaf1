import { z } from 'zod';

/** Text without NUL: the kernel ends paths, arguments and variables there, so what follows one would be lost. */
export const text = z.string().refine((value) => !value.includes('\0'), 'must not contain a NUL character');

/** A number, or the name that LinuxKit resolves to one: `root`, or the name of a container of the spec. */
export const idValue = z.union([z.int().min(0).max(0xfffffffe), text]);

/** Permission bits as octal text; a bare `0644` in YAML is the decimal number 644. */
export const octalMode = z.string().regex(/^0?[0-7]{1,4}$/, 'must be an octal text such as "0644"');

/** Metadata of an option or section that LinuxKit's schema does not have. */
export const ingot = { 'x-ingot': true } as const;
