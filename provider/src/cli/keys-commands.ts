import type { Command } from 'commander';
import type { NewKeysCommandOptions } from './keys.js';

/** `ingot keys …`. */
export function addKeysCommands(program: Command): void {
  program
    .command('keys')
    .description('keys for Secure Boot')
    .command('new')
    .description('make PK, KEK and db for a fleet, for the firmware of machines, EC2 and Compute Engine')
    .argument('<folder>', 'where their files go; it is made where it is not there')
    .option('--name <name>', 'what the certificates are called by, such as the fleet (default: Ingot)')
    .addHelpText(
      'after',
      '\nEach of PK, KEK and db is written as .key (the private key, readable by you alone), .pem and .der (its\n' +
        'certificate), .esl (a signature list) and .auth (a signed update of the variable). aws-uefi-data.txt is\n' +
        'UefiData of an AMI; gce-shielded-instance.json is shieldedInstanceInitialState of an image of Compute Engine;\n' +
        'pcr7.txt is what PCR 7 of a TPM will hold.\n' +
        'Files that are there already are never overwritten. Images are signed with db.key and db.pem; keep PK.key and\n' +
        'KEK.key where no machine that builds can read them.',
    )
    .action(async (folder: string, options: NewKeysCommandOptions) =>
      (await import('./keys.js')).keysNew(folder, options),
    );
}
