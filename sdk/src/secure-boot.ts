import type * as pulumi from '@pulumi/pulumi';

/** Who signs. One of `key` and `command`. */
export interface SecureBoot {
  /** File with the certificate, PEM or DER. */
  certificate: pulumi.Input<string>;
  /** File with its private key. It never reaches the state. */
  key?: pulumi.Input<string>;
  /** A command that gets a SHA-256 on its standard input, and writes the RSA signature to its standard output. */
  command?: pulumi.Input<string>;
}

/** What a booted disk can be known by. */
export interface PredictedBoot {
  /** Kernel command line, with where the root is. */
  commandLine: string;
  /** Of the root, where dm-verity checks it. */
  rootHash?: string;
  /** SHA-256 of the UKI as Secure Boot counts it: what db and dbx may name. */
  peHash: string;
  /** Registers of a TPM, by number, where firmware enforces Secure Boot and where it does not. */
  pcrs: { enforced: { [register: string]: string }; notEnforced: { [register: string]: string } };
}
