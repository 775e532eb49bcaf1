import { z } from 'zod';
import { ingot, text } from './text.js';

const CertificateFile = z
  .strictObject({
    source: text.min(1).describe('A file with certificates: a path relative to the spec, or one that starts with `/`.'),
  })
  .meta({ id: 'CertificateFile', description: 'A file with certificates in PEM form.', ...ingot });

/** Certificates in PEM form (RFC 7468), or where they are. */
export const Certificates = z.union([text.min(1), CertificateFile]);
export type Certificates = z.infer<typeof Certificates>;
