import { describe, expect, test } from 'vitest';
import { type SignedRequest, signatureFault } from './aws-signature.js';

// The example of the AWS documentation of Signature Version 4.
const SIGNER = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  region: 'us-east-1',
  service: 'iam',
};
const NOW = new Date('2015-08-30T12:37:00Z');
const authorization = (names: string, scope = '20150830/us-east-1/iam/aws4_request') =>
  `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/${scope}, SignedHeaders=${names}, ` +
  'Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7';
const REQUEST: SignedRequest = {
  method: 'GET',
  url: '/?Version=2010-05-08&Action=ListUsers',
  headers: {
    'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
    host: 'iam.amazonaws.com',
    'x-amz-date': '20150830T123600Z',
    authorization: authorization('content-type;host;x-amz-date'),
  },
  body: '',
};

describe('signatureFault()', () => {
  test("finds nothing in the documentation's own example", () => {
    expect(signatureFault(REQUEST, { signer: SIGNER, now: NOW })).toBeUndefined();
  });

  test.each<[string, Partial<SignedRequest>, Partial<typeof SIGNER>]>([
    ['not that signature', { method: 'POST' }, {}],
    ['not that signature', { url: '/?Action=ListRoles&Version=2010-05-08' }, {}],
    ['not that signature', { body: 'x' }, {}],
    ['not that signature', {}, { secretAccessKey: 'another' }],
    ['not that key', {}, { accessKeyId: 'ANOTHER' }],
    ['signed for 20150830/us-east-1/iam/aws4_request', {}, { region: 'eu-central-1' }],
    ['signed for 20150830/us-east-1/iam/aws4_request', {}, { service: 'ssm' }],
    ['no signature', { headers: { host: 'iam.amazonaws.com' } }, {}],
    ['signed at undefined', { headers: { ...REQUEST.headers, 'x-amz-date': undefined } }, {}],
    ['signed at 20150830T113600Z', { headers: { ...REQUEST.headers, 'x-amz-date': '20150830T113600Z' } }, {}],
    ['not signed: x-amz-target', { headers: { ...REQUEST.headers, 'x-amz-target': 'x' } }, {}],
    [
      'not signed: host',
      { headers: { ...REQUEST.headers, authorization: authorization('content-type;x-amz-date') } },
      {},
    ],
  ])('tells %s', (fault, request, signer) => {
    expect(signatureFault({ ...REQUEST, ...request }, { signer: { ...SIGNER, ...signer }, now: NOW })).toBe(fault);
  });
});
