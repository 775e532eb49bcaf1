import type { CleartextMessage, Message, PublicKey, Signature } from 'openpgp';
import { SourceError } from '../error.js';

const BEGIN_MESSAGE = '-----BEGIN PGP SIGNED MESSAGE-----';
const BEGIN_SIGNATURE = '-----BEGIN PGP SIGNATURE-----';
const END_SIGNATURE = '-----END PGP SIGNATURE-----';

/** Debian has three, of 1.7 kB together; each costs a public-key operation. */
const MAX_SIGNATURES = 16;
const MAX_SIGNATURE_LENGTH = 64 * 1024;

export interface SignatureOptions {
  readonly keys: readonly PublicKey[];
  /** When keys and signatures have to be valid. */
  readonly now: Date;
  /** What the text is, for messages. */
  readonly of: string;
  /** Whose keys these are, and what to do where another has signed. Default: Debian's. */
  readonly advice?: string;
}

const ADVICE = "wanted a release signed by Debian, so check the address of the mirror and this host's clock";

/**
 * The text of a cleartext signed message (RFC 9580 section 7) that at least one of the keys has signed. Signatures by
 * other keys do not matter. Nothing but this message may be in the input: what stands around a signed text is how
 * unsigned text gets read.
 * @throws {SourceError} `bad-signature`, with what is wrong with each signature.
 */
export async function readSigned(input: string, options: SignatureOptions): Promise<string> {
  checkFrame(input, options);
  const { readCleartextMessage } = await import('openpgp');
  const message = await readCleartextMessage({ cleartextMessage: input }).catch((cause: unknown) => {
    throw refusal(options, `its signature cannot be read (${textOf(cause)})`, cause);
  });
  await requireSignature(message, options);
  return message.getText();
}

/**
 * Checks the signature of a text that is in a file of its own (RFC 9580 section 10.4), as old repositories have it.
 * @param signature armoured, or as bytes one for one (latin1).
 * @throws {SourceError} `bad-signature`, with what is wrong with each signature.
 */
export async function checkDetached(text: string, signature: string, options: SignatureOptions): Promise<void> {
  if (signature.length > MAX_SIGNATURE_LENGTH) throw refusal(options, 'its signature is too long');
  const { createMessage, readSignature } = await import('openpgp');
  const read = signature.startsWith('-----')
    ? readSignature({ armoredSignature: signature })
    : readSignature({ binarySignature: Buffer.from(signature, 'latin1') });
  const parsed = await read.catch((cause: unknown) => {
    throw refusal(options, `its signature cannot be read (${textOf(cause)})`, cause);
  });
  const message = await createMessage({ binary: Buffer.from(text, 'utf8') });
  await requireSignature(message, { ...options, signature: parsed });
}

type Signed = CleartextMessage | Message<Uint8Array>;
type VerifyOptions = SignatureOptions & { readonly signature?: Signature };

async function requireSignature(message: Signed, options: VerifyOptions): Promise<void> {
  const { enums } = await import('openpgp');
  const ids = options.signature?.getSigningKeyIDs() ?? message.getSigningKeyIDs();
  if (ids.length > MAX_SIGNATURES) throw refusal(options, `it has more than ${MAX_SIGNATURES} signatures`);
  const { md5, sha1, ripemd } = enums.hash;
  const failures = await failuresOf(message, options, new Set([md5, sha1, ripemd]));
  if (failures !== undefined) {
    throw refusal(options, `no key of the archive has signed it validly (${failures.join('; ') || 'no signature'})`);
  }
}

/** Undefined as soon as one signature is valid; else what is wrong with each. */
async function failuresOf(
  message: Signed,
  { keys, now, signature }: VerifyOptions,
  weakHashes: Set<number>,
): Promise<string[] | undefined> {
  const { verify } = await import('openpgp');
  const config = { rejectHashAlgorithms: weakHashes, rejectMessageHashAlgorithms: weakHashes };
  const common = { verificationKeys: [...keys], date: now, config };
  const { signatures } =
    signature === undefined
      ? await verify({ ...common, message: message as CleartextMessage })
      : await verify({ ...common, message: message as Message<Uint8Array>, signature });
  const failures: string[] = [];
  for (const { keyID, verified } of signatures) {
    const key = keys.find((one) => one.getKeys(keyID).length > 0);
    try {
      if (key === undefined) throw new Error('a key that is not trusted');
      await verified;
      // The above asks whether the key was valid when it signed; this, whether it still is.
      await key.getSigningKey(keyID, now);
      return undefined;
    } catch (error) {
      failures.push(`${keyID.toHex().toUpperCase()}: ${textOf(error)}`);
    }
  }
  return failures;
}

/** In signed text a dash at the start of a line is escaped (RFC 9580 section 7.2): these lines can only be the frame. */
function checkFrame(input: string, of: SignatureOptions): void {
  const frame = input.match(/^-----.*$/gm)?.map((line) => line.trimEnd()) ?? [];
  const [begin, signature, end] = frame;
  if (!input.startsWith(BEGIN_MESSAGE) || begin !== BEGIN_MESSAGE) {
    throw refusal(of, `it is not a signed text (it begins with ${JSON.stringify(input.slice(0, 40))})`);
  }
  if (frame.length !== 3 || signature !== BEGIN_SIGNATURE || end !== END_SIGNATURE) {
    throw refusal(of, 'it is not one signed text with its signature');
  }
  const start = input.lastIndexOf(BEGIN_SIGNATURE);
  const afterEnd = input.slice(input.lastIndexOf(END_SIGNATURE) + END_SIGNATURE.length);
  if (afterEnd.trim() !== '') throw refusal(of, 'something follows its signature');
  if (input.length - start > MAX_SIGNATURE_LENGTH) throw refusal(of, 'its signature is too long');
}

function refusal(
  { of, advice = ADVICE }: Pick<SignatureOptions, 'of' | 'advice'>,
  problem: string,
  cause?: unknown,
): SourceError {
  return new SourceError('bad-signature', `Cannot trust ${of}: ${problem}; ${advice}`, {
    cause,
    context: { path: of },
  });
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
