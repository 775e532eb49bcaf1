/**
 * What stands, in a preview, wherever a value is not known yet: also where a number, a list or an object is expected
 * (`pulumi.runtime.unknownValue`). It is never parsed as data.
 */
export const UNKNOWN = '04da6b54-80e4-46f7-96ec-b56ff0331ba9';

/** Whether a value, or anything in it, is not known yet. */
export function isUnknown(value: unknown): boolean {
  if (typeof value === 'string') return value === UNKNOWN;
  if (Array.isArray(value)) return value.some(isUnknown);
  if (value !== null && typeof value === 'object') return Object.values(value).some(isUnknown);
  return false;
}
