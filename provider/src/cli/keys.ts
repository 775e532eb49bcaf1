import { resolve } from 'node:path';
import { newKeys } from '../pipeline.js';
import { UsageError } from './usage-error.js';
import { withWorkshop } from './workshop.js';

export interface NewKeysCommandOptions {
  /** Default: `Ingot`. */
  readonly name?: string;
}

/** A certificate's name has room for 64 characters, and ` KEK` follows. */
const MAX_NAME_CHARACTERS = 60;

/** `ingot keys new FOLDER`: writes the files, and says what each is for. */
export async function keysNew(folder: string, { name = 'Ingot' }: NewKeysCommandOptions): Promise<void> {
  if (name === '' || name.length > MAX_NAME_CHARACTERS) {
    throw new UsageError(
      'bad-name',
      `Cannot name the keys ${JSON.stringify(name)}: it is too short or too long; wanted 1 to ${MAX_NAME_CHARACTERS} characters`,
    );
  }
  await withWorkshop(async (workshop) => {
    const names = await newKeys(resolve(workshop.directory, folder), { name }, workshop);
    process.stdout.write(`${folder}: written ${names.join(', ')}\n`);
    process.stdout.write('Private keys: PK.key, KEK.key, db.key. Who has db.key can sign what your machines start.\n');
  });
}
