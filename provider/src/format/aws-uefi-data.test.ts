import { inflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { sha256 } from '../model/digest.js';
import { awsUefiData } from './aws-uefi-data.js';
import { AWS_UEFI_DICTIONARY } from './aws-uefi-dictionary.js';
import { crc32c } from './crc32c.js';

const dictionary = Buffer.from(AWS_UEFI_DICTIONARY, 'base64');

describe('awsUefiData()', () => {
  test('has the dictionary of python-uefivars 1.2', () => {
    expect(dictionary).toHaveLength(11_381);
    expect(sha256(dictionary)).toBe('sha256:b6c4f52acbb0ab9aa415290e6c223af871eaa3d430c96b8116899d994681535b');
  });

  test('gives variables as uefivars reads them', () => {
    const bytes = Buffer.from(awsUefiData({ db: Buffer.from('the db'), PK: Buffer.from('the PK') }), 'base64');
    expect(bytes.toString('latin1', 0, 8)).toBe('AMZNUEFI');
    expect(bytes.readUInt32LE(8)).toBe(crc32c(bytes.subarray(12)));
    expect(bytes.readUInt32LE(12)).toBe(0);
    const body = inflateSync(bytes.subarray(16), { dictionary });
    expect(body.readBigUInt64LE(0)).toBe(2n);
    expect(body.toString('latin1')).toMatch(/PK.*the PK.*db.*the db/s);
    // Per entry: lengths of name, data and digest, the GUID, the attributes, the time, and the digest.
    expect(body).toHaveLength(8 + 2 * (3 * 8 + 16 + 4 + 16 + 32) + 'PKdb'.length + 2 * 'the db'.length);
    expect(body.toString('hex')).toContain('61dfe48bca93d211aa0d00e098032b8c27000000');
  });

  test('refuses more than EC2 takes', () => {
    const noise = Buffer.concat(
      Array.from({ length: 2000 }, (_, index) => Buffer.from(sha256(`${index}`).slice(7), 'hex')),
    );
    expect(() => awsUefiData({ db: noise })).toThrow('at most 64000');
  });
});
