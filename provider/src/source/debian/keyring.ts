import type { PublicKey } from 'openpgp';
import { SourceError } from '../error.js';

/** A public key whose signatures count. */
export interface TrustedKey {
  /** What people call it. */
  readonly name: string;
  /** Of the primary key: 40 upper-case hexadecimal digits. This is what is trusted. */
  readonly fingerprint: string;
  /** The key as RFC 9580 section 10.1 has it ("transferable public key"), in base64; white space does not matter. */
  readonly base64: string;
}

/**
 * Reads keys, each of which must have its fingerprint.
 * @throws {SourceError} `bad-signature` for a key that is not the one it is called.
 */
export async function loadKeyring(keys: readonly TrustedKey[]): Promise<PublicKey[]> {
  const { readKey } = await import('openpgp');
  return Promise.all(
    keys.map(async ({ name, fingerprint, base64 }) => {
      const key = await readKey({ binaryKey: Buffer.from(base64, 'base64') }).catch((cause: unknown) => {
        throw new SourceError('bad-signature', `Cannot load the key "${name}": it is damaged; install Ingot again`, {
          cause,
        });
      });
      const got = key.getFingerprint().toUpperCase();
      if (got !== fingerprint) {
        throw new SourceError(
          'bad-signature',
          `Cannot load the key "${name}": its fingerprint is ${got}; wanted ${fingerprint}`,
          { context: { got, want: fingerprint } },
        );
      }
      return key;
    }),
  );
}
