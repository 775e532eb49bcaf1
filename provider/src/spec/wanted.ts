import { z } from 'zod';

/** A type of the schema in the words of its users: `a text`, `a list of maps`, `"all" or a list of texts`. */
export function wantedOf(schema: z.core.$ZodType): string {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodString || inner instanceof z.ZodURL) return 'a text';
  if (inner instanceof z.ZodNumber) return 'a whole number';
  if (inner instanceof z.ZodBoolean) return 'true or false';
  if (inner instanceof z.ZodEnum)
    return choicesOf(inner)
      .map((choice) => JSON.stringify(choice))
      .join(' or ');
  if (inner instanceof z.ZodArray) return `a list of ${plural(inner.element)}`;
  if (inner instanceof z.ZodRecord) return `a map of ${plural(inner.valueType)}`;
  if (inner instanceof z.ZodUnion) return inner.options.map(wantedOf).join(' or ');
  return 'a map';
}

function plural(schema: z.core.$ZodType): string {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodUnion) return inner.options.map(plural).join(' or ');
  if (inner instanceof z.ZodNumber) return 'whole numbers';
  return inner instanceof z.ZodObject ? 'maps' : 'texts';
}

/** A value's type in the words of its users. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  switch (typeof value) {
    case 'string':
      return 'a text';
    case 'number':
      return Number.isInteger(value) ? 'a number' : 'a number that is not whole';
    case 'boolean':
      return String(value);
    default:
      return 'a map';
  }
}

/** The schema that governs what a path names; where a union does, all of it. */
export function schemaAt(root: z.core.$ZodType, path: readonly PropertyKey[]): z.core.$ZodType | undefined {
  let schema: z.core.$ZodType | undefined = root;
  for (const part of path) {
    const inner: z.core.$ZodType | undefined = schema && unwrap(schema);
    schema = inner && childOf(inner, part);
  }
  return schema;
}

function childOf(schema: z.core.$ZodType, part: PropertyKey): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodObject) return schema.shape[String(part)];
  if (schema instanceof z.ZodArray) return schema.element;
  if (schema instanceof z.ZodRecord) return schema.valueType;
  if (schema instanceof z.ZodUnion) {
    for (const option of schema.options) {
      const child = childOf(unwrap(option), part);
      if (child !== undefined) return child;
    }
  }
  return undefined;
}

/** The keys that a map may have; none where any is allowed. */
export function keysOf(schema: z.core.$ZodType | undefined): readonly string[] {
  const inner = schema && unwrap(schema);
  return inner instanceof z.ZodObject ? Object.keys(inner.shape) : [];
}

export function choicesOf(schema: z.ZodEnum): readonly string[] {
  return schema.options.map(String);
}

function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  let inner = schema;
  while (inner instanceof z.ZodOptional || inner instanceof z.ZodNullable) inner = inner.unwrap();
  return inner;
}
