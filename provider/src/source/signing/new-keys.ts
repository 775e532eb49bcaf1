import { generateKeyPair, randomBytes, randomUUID, sign } from 'node:crypto';
import { promisify } from 'node:util';
import { awsUefiData } from '../../format/aws-uefi-data.js';
import type { Signer } from '../../format/cms.js';
import { certificateLists, readSignatureLists, signatureBytes } from '../../format/efi-signature-list.js';
import { authenticatedVariable, type SecureBootName } from '../../format/efi-variable.js';
import { pcr7 } from '../../format/pcr.js';
import { pemOf } from '../../format/pem.js';
import { selfSigned } from '../../format/x509.js';

export interface NewKeysOptions {
  /** What the certificates are called by, such as a fleet's name: `web db`. */
  readonly name: string;
  readonly now: Date;
}

export interface KeyFile {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Whether only its owner may read it. */
  readonly secret: boolean;
}

/** What firmware is sure to take. */
const MODULUS_BITS = 2048;
const VALID_YEARS = 10;
const SERIAL_BYTES = 16;

/**
 * Keys for Secure Boot, new ones each time: PK, KEK and db, each with its certificate, as signature lists, as signed
 * updates of the variables, and as EC2 and Compute Engine take them. No two calls give the same, and nothing of it is
 * part of an image but the certificate of db, in its signature.
 */
export async function newKeys({ name, now }: NewKeysOptions): Promise<KeyFile[]> {
  const owner = randomUUID();
  const seconds = Math.floor(now.getTime() / 1000);
  const [pk, kek, db] = [await newKey('PK', name, now), await newKey('KEK', name, now), await newKey('db', name, now)];
  const lists = [pk, kek, db].map(({ certificate }) => certificateLists([certificate], owner));
  const [pkList, kekList, dbList] = lists as [Buffer, Buffer, Buffer];
  // PK says who may change PK and KEK, KEK who may change db.
  const updates = await Promise.all([
    authenticatedVariable({ name: 'PK', data: pkList, timeSeconds: seconds }, pk.signer),
    authenticatedVariable({ name: 'KEK', data: kekList, timeSeconds: seconds }, pk.signer),
    authenticatedVariable({ name: 'db', data: dbList, timeSeconds: seconds }, kek.signer),
  ]);
  const files = [pk, kek, db].flatMap((key, index): KeyFile[] => [
    { name: `${key.name}.key`, bytes: Buffer.from(key.privateKey), secret: true },
    open(`${key.name}.pem`, Buffer.from(pemOf('CERTIFICATE', key.certificate))),
    open(`${key.name}.der`, key.certificate),
    open(`${key.name}.esl`, lists[index] as Buffer),
    open(`${key.name}.auth`, updates[index] as Buffer),
  ]);
  return [
    ...files,
    open('aws-uefi-data.txt', Buffer.from(awsUefiData({ PK: pkList, KEK: kekList, db: dbList }))),
    open('pcr7.txt', Buffer.from(`${registerOf({ PK: pkList, KEK: kekList, db: dbList })}\n`)),
    open('gce-shielded-instance.json', Buffer.from(shieldedInstance({ pk, kek, db }))),
  ];
}

interface Key {
  readonly name: SecureBootName;
  /** PEM (PKCS #8). */
  readonly privateKey: string;
  readonly certificate: Buffer;
  readonly signer: Signer;
}

async function newKey(name: SecureBootName, ...[fleet, now]: readonly [fleet: string, now: Date]): Promise<Key> {
  const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', {
    modulusLength: MODULUS_BITS,
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const by = async (data: Uint8Array): Promise<Uint8Array> => sign('sha256', data, privateKey);
  const end = new Date(now);
  end.setUTCFullYear(end.getUTCFullYear() + VALID_YEARS);
  const serialNumber = randomBytes(SERIAL_BYTES);
  // The first bit says that a number is negative, and leading zeros say nothing.
  serialNumber[0] = ((serialNumber[0] as number) & 0x3f) | 0x40;
  const certificate = await selfSigned({
    ...{ commonName: `${fleet} ${name}`, serialNumber, publicKey, sign: by },
    notBeforeSeconds: Math.floor(now.getTime() / 1000),
    notAfterSeconds: Math.floor(end.getTime() / 1000),
  });
  return { name, privateKey, certificate, signer: { certificates: [certificate], sign: by } };
}

/** `shieldedInstanceInitialState` of a Compute Engine image: certificates in DER, in base64. */
function shieldedInstance(keys: { readonly pk: Key; readonly kek: Key; readonly db: Key }): string {
  const file = ({ certificate }: Key): object => ({ content: certificate.toString('base64'), fileType: 'X509' });
  const state = { pk: file(keys.pk), keks: [file(keys.kek)], dbs: [file(keys.db)], dbxs: [] };
  return `${JSON.stringify(state, undefined, 2)}\n`;
}

/** What PCR 7 holds where a machine has these keys and no others, and has started what db's key signed. */
function registerOf(variables: { readonly PK: Buffer; readonly KEK: Buffer; readonly db: Buffer }): string {
  const [entry] = readSignatureLists(variables.db).flatMap(({ signatures }) => signatures);
  return pcr7({ variables, ...(entry ? { authority: signatureBytes(entry) } : {}) }).toString('hex');
}

function open(name: string, bytes: Uint8Array): KeyFile {
  return { name, bytes, secret: false };
}
