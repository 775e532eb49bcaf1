import { SourceError } from '../error.js';
import type { TrustedKey } from './keyring.js';

/** Vendors have one or two, while they change from one to the other. */
const MAX_KEYS = 32;

/**
 * The public keys in a file that a vendor gives: armoured (RFC 9580 section 6.2) or not, in its order.
 * @throws {SourceError} `bad-signature` for what holds no public key, or a private one.
 */
export async function readTrustedKeys(
  bytes: Buffer,
  { of, property }: { readonly of: string; readonly property: string },
): Promise<TrustedKey[]> {
  const fail = (what: string, cause?: unknown) =>
    new SourceError('bad-signature', `Cannot use the keys in ${of}: ${what}; wanted public OpenPGP keys`, {
      cause,
      context: { path: of, property },
    });
  const { readKeys } = await import('openpgp');
  const text = bytes.toString('latin1');
  const blocks = text.match(/-----BEGIN PGP [^-]+-----[\s\S]*?-----END PGP [^-]+-----/g);
  const inputs = blocks === null ? [{ binaryKeys: bytes }] : blocks.map((armoredKeys) => ({ armoredKeys }));
  const trusted: TrustedKey[] = [];
  for (const input of inputs) {
    const keys = await readKeys(input as { binaryKeys: Uint8Array }).catch((cause: unknown) => {
      throw fail(cause instanceof Error ? cause.message : String(cause), cause);
    });
    for (const key of keys) {
      if (key.isPrivate()) throw fail('there is a private key among them; keep it secret');
      const [name = 'without a name'] = key.getUserIDs();
      const base64 = Buffer.from(key.write()).toString('base64');
      trusted.push({ name, fingerprint: key.getFingerprint().toUpperCase(), base64 });
    }
  }
  if (trusted.length === 0) throw fail('there is none');
  if (trusted.length > MAX_KEYS) throw fail(`there are more than ${MAX_KEYS}`);
  return trusted;
}
