import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

export interface SignedRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Signer {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
  readonly service: string;
}

/** How far the clock of who signs may be from ours. */
const CLOCK_MS = 5 * 60_000;

/**
 * What is wrong with the Signature Version 4 of a request, as the AWS IAM User Guide has it ("Create a signed AWS API
 * request"); undefined where nothing is.
 */
export function signatureFault(
  request: SignedRequest,
  { signer, now }: { readonly signer: Signer; readonly now: Date },
): string | undefined {
  const { method, url, headers, body } = request;
  const pattern = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/;
  const [, accessKeyId, scope, names = '', signature = ''] = pattern.exec(headers.authorization ?? '') ?? [];
  if (accessKeyId === undefined) return 'no signature';
  if (accessKeyId !== signer.accessKeyId) return 'not that key';

  const time = String(headers['x-amz-date']);
  const [, date = '', ...clock] = /^(\d{8})T(\d\d)(\d\d)(\d\d)Z$/.exec(time) ?? [];
  const signedAt = Date.parse(`${date.replace(/(....)(..)(..)/, '$1-$2-$3')}T${clock.join(':')}Z`);
  if (!(Math.abs(signedAt - now.getTime()) <= CLOCK_MS)) return `signed at ${time}`;
  if (scope !== `${date}/${signer.region}/${signer.service}/aws4_request`) return `signed for ${scope}`;

  const signed = names.split(';');
  if (signed.join() !== signed.toSorted().join()) return 'signed headers are not sorted';
  const needed = [
    'host',
    ...Object.keys(headers).filter((name) => name === 'content-type' || name.startsWith('x-amz-')),
  ];
  const unsigned = needed.filter((name) => !signed.includes(name));
  if (unsigned.length > 0) return `not signed: ${unsigned.join()}`;

  const [path = '', query = ''] = url.split('?');
  const canonical = [
    method,
    path,
    query.split('&').toSorted().join('&'),
    ...signed.map((name) => `${name}:${String(headers[name]).trim().replace(/ +/g, ' ')}`),
    '',
    names,
    sha256(body),
  ].join('\n');
  const text = ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n');
  const key = [date, signer.region, signer.service, 'aws4_request'].reduce<Buffer>(
    (from, word) => hmac(from, word),
    Buffer.from(`AWS4${signer.secretAccessKey}`),
  );
  return timingSafeEqual(hmac(key, text), Buffer.from(signature, 'hex')) ? undefined : 'not that signature';
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
