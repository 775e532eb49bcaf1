import { randomUUID } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { hexOf, sha256 } from '../../model/digest.js';
import { RunError } from '../error.js';
import type { PortOwner } from './forwarder-protocol.js';
import { writeStateFile } from './state-file.js';

const DriverFile = z.object({ version: z.literal(1), fleet: z.string(), driver: z.string() });

interface Where {
  readonly stateDirectory: string;
  readonly owner: PortOwner;
}

/**
 * Takes an owner's fleet over from whoever rolls it at the moment: an update whose engine was killed goes on, and two
 * that want different things would never end.
 * @returns what throws {RunError} `aborted` as soon as somebody else has taken it over, or it was deleted.
 */
export async function takeFleet(fleet: string, where: Where): Promise<() => Promise<void>> {
  const driver = randomUUID();
  await writeStateFile(pathOf(where), { version: 1, fleet, driver });
  return async () => {
    if ((await read(where))?.driver === driver) return;
    throw new RunError('aborted', 'Cannot go on to roll the fleet: a later update has taken it over');
  };
}

/** Ends what rolls that fleet; of the same owner, another one is left alone. */
export async function giveUpFleet(fleet: string, where: Where): Promise<void> {
  if ((await read(where))?.fleet === fleet) await rm(pathOf(where), { force: true });
}

async function read(where: Where): Promise<z.infer<typeof DriverFile> | undefined> {
  const text = await readFile(pathOf(where), 'utf8').catch(() => 'null');
  try {
    return DriverFile.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

function pathOf({ stateDirectory, owner: { urn, project } }: Where): string {
  return join(stateDirectory, 'fleets', `${hexOf(sha256(`${urn}\n${project}`)).slice(0, 16)}.json`);
}
