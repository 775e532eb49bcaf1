import { type Located, MAX_DEPTH, MAX_VALUES } from './located.js';
import type { Report } from './problem.js';
import { nameOf, type Path, quote } from './property.js';

/** Copies the plain data of an object; what is no data, such as a function or a Date, is reported. */
export function locateObject(object: unknown, report: Report): Located | undefined {
  let values = 0;
  let full = false;

  function copy(value: unknown, path: Path): Located {
    values += 1;
    if (values > MAX_VALUES || path.length > MAX_DEPTH) {
      if (!full) {
        const limit =
          values > MAX_VALUES ? `holds more than ${MAX_VALUES} values` : 'is nested too deeply, or holds itself';
        report({ code: 'limit', path: path.slice(0, 4), message: `${nameOf(path.slice(0, 4))} ${limit}` });
      }
      full = true;
      return { value: undefined, values: 1 };
    }
    if (typeof value !== 'object' || value === null) {
      if (!['bigint', 'function', 'symbol'].includes(typeof value)) return { value, values: 1 };
      refuse(path, `a ${typeof value}`);
      return { value: undefined, values: 1 };
    }
    const isList = Array.isArray(value);
    if (!isList && !isPlain(value)) {
      refuse(path, `an object of the class ${quote(String(value.constructor?.name ?? ''))}`);
      return { value: undefined, values: 1 };
    }
    const children = new Map<string, { located: Located }>();
    const result: Record<string, unknown> | unknown[] = isList ? [] : {};
    for (const key of isList ? value.keys() : Object.keys(value)) {
      if (full) break;
      if (key === '__proto__') {
        report({ code: 'unknown-key', path: [...path, key], message: `unknown key "__proto__" in ${nameOf(path)}` });
        continue;
      }
      const located = copy((value as Record<string | number, unknown>)[key], [...path, key]);
      if (located.value === undefined && !isList) continue;
      children.set(String(key), { located });
      (result as Record<string | number, unknown>)[key] = located.value;
    }
    return { value: result, children, values: 1 };
  }

  function refuse(path: Path, got: string): void {
    report({ code: 'wrong-type', path, message: `${nameOf(path)} must be plain data, got ${got}` });
  }

  const root = copy(object, []);
  return full ? undefined : root;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  // An object from another realm (a worker, vm, a test runner) has another Object.prototype, which ends its chain too.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
