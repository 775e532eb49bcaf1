import { IngotError } from '../model/error.js';
import { SpecError } from './error.js';
import type { ParsedSpec } from './parse.js';

/**
 * What was found out after parsing (a file is missing, a package unknown), told at its place in the spec. Errors that
 * concern no property of the spec come back as they are.
 */
export function locate(error: unknown, { placeOf }: Pick<ParsedSpec, 'placeOf'>): unknown {
  if (!(error instanceof IngotError) || error instanceof SpecError) return error;
  const { property } = error.context;
  const place = property === undefined ? undefined : placeOf(property);
  if (property === undefined || place?.line === undefined) return error;
  const located = new SpecError([{ code: 'invalid-value', property, message: error.message, ...place }]);
  located.cause = error;
  return located;
}
