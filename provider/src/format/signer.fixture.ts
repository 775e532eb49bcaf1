import { createPrivateKey, createPublicKey, sign } from 'node:crypto';
import type { Signer } from './cms.js';
import { selfSigned } from './x509.js';

/**
 * A key that signs nothing but what tests make, so that what is signed has the same bytes in each run.
 */
const PKCS8 = [
  'MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC3O4uLJ9esg5Xs4LaqrErW5Hxd+rGB3YoVGo9OzmULIR/ZSDRiOF9+Q44C',
  'JOciIekA90OklAApjGf9j0U40ejs00QlLsezpPq8vmduFldA1rvLMusc/cvpCEqHU46nkJDyFNHQulwEXL4QqvcH17BKTJWWWQmbTClYsIij',
  'ogoniUy1rgEi/Shb4O0UrfaI1AZWjAGwEndVIgiJvXHmZznQv0398TOxmuAnl7t9B0cZ6LCmENkxscvK2Av8hh8uVMX61ERGpepOgq0GCmL6',
  'AyGuSMCrC77qFZNGWQd3qcTT6g4k5zJHCbmQSsx94vSmD+VDASQoQUrocmF1QtvGQq15AgMBAAECggEAJC7EfAq2mrDzUq7/M03Ji4zcCDzg',
  'f5oNUeSIRxIXvu5gGSqaeYjTRp41dTPvVnymw9OQDnhRXeMFh/saOsGswtNnQgZuVgmun8Xjq8gKm9mrhNE9v2BYu2AxQ27bHTi9fqhg1Fxw',
  'nkXoHGd+V5SekdV0tpdHf9y2z3YwzUtKwQqTsFa1pouMSHXkC+iS8/wBcp6ZA1k1oclmPryV0JmCUAW1HdVLwjDJ2yjbRLyK+2UQmUZFOYxT',
  'djl6K2gGqDedqsfqCuOmYPDC+fdp9lLXdCw4T7cnhF18GHOO6tlY7gtqvgtLPoa2E0XRh2W4Ut/xrU0HusGBm0KeDNlOCQiHxwKBgQD+TjeV',
  'LJnWwRy3zmN+wp6jImgWmb+PMZ3L2Og8eAWOfq9I0AaL8VPT2/6yxS5gGOacifeN6j3C5UFjYv83Ghy7mvwKdRJdMfuEVeup+wjySKzq+b1N',
  'sM0Vim9nUmTStQyePTSwLbE2yczfBLimKlX41Rujf7AwuEuunvGy/jhoGwKBgQC4dBhP8nKS1VNbAuxXV3Qnrd+pBMX+swyZWAIXbdxdV4qm',
  '3HgAO7PBX+OkB4UxgGsvzonwVoufsFkpGfunmNFO+mJ2E5Ks8BOZHFDt1k0GGmWOGvMCJrfmfL9vQgQoC+1qLdxmOw3TDuTGT9jXu/Dnm5FF',
  '6YOdOWT+ZIIPn22B+wKBgG/ksogsi7P2XFBzu0t3Dp3w8aOgGq1Cw4+B7Q1OMgO0siNzhK3mjV/WmIbIQ9N8oVuXSRlkS7CJdu/oCyuPjbzu',
  'QJ/JSz8+UtCzjXHJRvJ0D8GECUs508L6mnH3yuz7RIYLoDc0o5jbyg0G4sgaMKHAAt05vahyLrqyrN55BRCpAoGAWo8lIJs4BT8XHafhwT/+',
  'lzyWgrUFQHdHyEGdRUN63ZkNSb8Ua4jkSBx79xx6GEOkXGRa9NSI2G4MWFGZbD9rBAuKK86QRLfZ52IvmZWNW2G6WnqAtJ2tzEuS8VzIDaFN',
  'fsPlYYu8zdKSH4s0Ozban9uRB3IOXDLBkuRltqXfbeECgYEAsMwDmBPXr+zI1jedSvuy/cLKaxvdrsK62pwnLGFOWwao0nmSIHoWXUs6uTGX',
  'eLkjsYWLV1rC/FjOFtFB8D9EAkzA83l0pfezEGPe5kZNzwJ7Tl0fRaWIZfMkW/ZD5dXF3f0ZwXxao1bY/my0f3V1IrSrwHaQTWASyDwSJU+T',
  'ejA=',
].join('');

export const TEST_KEY = createPrivateKey({ key: Buffer.from(PKCS8, 'base64'), format: 'der', type: 'pkcs8' });
/** SubjectPublicKeyInfo, in DER. */
export const TEST_PUBLIC_KEY = createPublicKey({
  key: TEST_KEY.export({ format: 'pem', type: 'pkcs8' }),
  format: 'pem',
}).export({
  type: 'spki',
  format: 'der',
});

/** What signs with it. */
export async function testSigner(): Promise<Signer> {
  const by = async (data: Uint8Array): Promise<Uint8Array> => sign('sha256', data, TEST_KEY);
  const certificate = await selfSigned({
    ...{ commonName: 'test', serialNumber: Uint8Array.of(1), publicKey: TEST_PUBLIC_KEY, sign: by },
    notBeforeSeconds: Date.UTC(2026, 0, 1) / 1000,
    notAfterSeconds: Date.UTC(2036, 0, 1) / 1000,
  });
  return { certificates: [certificate], sign: by };
}
