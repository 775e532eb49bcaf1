import { resolve } from 'node:path';
import type { CheckFailure } from '@pulumi/pulumi/dynamic';
import { z } from 'zod';
import type { Workshop } from '../pipeline.js';
import { failuresOf } from './problems.js';

/** Who signs what firmware starts. The files of keys are the user's: relative to the folder of the program. */
export const SecureBoot = z
  .strictObject({
    certificate: z.string().min(1),
    key: z.string().min(1).optional(),
    command: z.string().min(1).optional(),
  })
  .refine(({ key, command }) => (key === undefined) !== (command === undefined), 'must have either key or command');

type Surroundings = Pick<Workshop, 'directory' | 'signal' | 'now' | 'progress'>;
type Signer = Awaited<ReturnType<typeof import('../pipeline.js').signerFor>>;

/** @returns what an encoder takes; nothing where nobody signs. */
export async function signerOf(
  secureBoot: z.infer<typeof SecureBoot> | undefined,
  workshop: Surroundings,
): Promise<{ readonly signer?: Signer }> {
  if (secureBoot === undefined) return {};
  const { signerFor } = await import('../pipeline.js');
  const { certificate, key, command } = secureBoot;
  const by = key === undefined ? { command: command ?? '' } : { key: resolve(workshop.directory, key) };
  return { signer: await signerFor({ certificate: resolve(workshop.directory, certificate), with: by }, workshop) };
}

/**
 * What would keep the files from signing, for a preview of something that is to be signed: they are read, and compared
 * with each other. A command is not run: it may be somebody who touches a token, and is on the machine that builds.
 */
export async function signingFailures(
  secureBoot: z.infer<typeof SecureBoot> | undefined,
  surroundings: Surroundings,
): Promise<CheckFailure[]> {
  try {
    await signerOf(secureBoot, surroundings);
    return [];
  } catch (error) {
    return failuresOf(error);
  }
}
