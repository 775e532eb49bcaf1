import { constants, createHash, createPrivateKey, type KeyObject, sign, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Signer } from '../../format/cms.js';
import { readCertificates } from '../../format/pem.js';
import { describeError } from '../../model/error.js';
import { SourceError } from '../error.js';
import { runSigningCommand } from './command.js';

export interface SignerOptions {
  /** File with the certificate, PEM or DER; in PEM those that lead to what the firmware knows may follow. */
  readonly certificate: string;
  /**
   * File with its private key in PEM or DER, without a passphrase; or a command for `sh -c` that gets the SHA-256, 32
   * bytes, on its standard input, and writes the signature (RSASSA-PKCS1-v1_5, as it is, not in base64) to its standard
   * output.
   */
  readonly with: { readonly key: string } | { readonly command: string };
  readonly signal: AbortSignal;
}

/**
 * What signs for Secure Boot. The key is read here and not kept anywhere else.
 * @throws {SourceError} `unreadable` or `malformed` for a file, `unsupported` for a key that is not RSA, `changed` for a
 *   key that is not the certificate's. What it signs with fails with `bad-answer` or `timeout`.
 */
export async function signer(options: SignerOptions): Promise<Signer> {
  const certificates = await readChain(options.certificate);
  const first = new X509Certificate(certificates[0] as Uint8Array);
  if (first.publicKey.asymmetricKeyType !== 'rsa') {
    const type = first.publicKey.asymmetricKeyType;
    throw problem(
      'unsupported',
      `use the certificate ${options.certificate}`,
      `its key is of type ${type}; wanted rsa`,
    );
  }
  const by = options.with;
  if ('command' in by) {
    const { signal } = options;
    return {
      certificates,
      sign: (data) => runSigningCommand(by.command, { digest: createHash('sha256').update(data).digest(), signal }),
    };
  }
  const key = await readKey(by.key);
  if (!first.checkPrivateKey(key)) {
    throw problem('changed', `sign with ${by.key}`, `it is not the key of the certificate ${options.certificate}`);
  }
  return { certificates, sign: async (data) => sign('sha256', data, { key, padding: constants.RSA_PKCS1_PADDING }) };
}

async function readChain(path: string): Promise<Uint8Array[]> {
  const bytes = await read(path, 'certificate');
  try {
    // DER begins with the tag of a SEQUENCE, PEM with text.
    if (bytes[0] === 0x30) return [new X509Certificate(bytes).raw];
    return readCertificates(bytes.toString('latin1')).map((pem) => new X509Certificate(pem).raw);
  } catch (error) {
    throw problem('malformed', `read the certificate ${path}`, describeError(error), error);
  }
}

async function readKey(path: string): Promise<KeyObject> {
  const bytes = await read(path, 'key');
  const pem = bytes[0] !== 0x30;
  if (pem && /ENCRYPTED/.test(bytes.toString('latin1'))) {
    throw problem(
      'unsupported',
      `read the key ${path}`,
      'it has a passphrase; wanted one without, or a command that signs',
    );
  }
  try {
    return createPrivateKey(pem ? { key: bytes, format: 'pem' } : { key: bytes, format: 'der', type: 'pkcs8' });
  } catch {
    // The cause's text may hold pieces of the key.
    throw problem('malformed', `read the key ${path}`, 'it is none; wanted an RSA key in PEM, or in DER (PKCS #8)');
  }
}

async function read(path: string, what: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why =
      code === 'ENOENT'
        ? 'there is no such file'
        : code === 'EISDIR'
          ? 'it is a folder'
          : (code ?? describeError(error));
    throw problem(
      'unreadable',
      `read the ${what} ${path}`,
      `${why}; name a file that \`ingot keys new\` made, or one of yours`,
    );
  }
}

type Code = 'unreadable' | 'malformed' | 'unsupported' | 'changed';

function problem(code: Code, doing: string, ...[what, cause]: readonly [what: string, cause?: unknown]): SourceError {
  return new SourceError(code, `Cannot ${doing}: ${what}`, { cause });
}
