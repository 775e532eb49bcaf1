import { pageOf } from './page.mjs';
import { schemaTextOf } from './schema-text.mjs';
import { typesOf } from './types.mjs';

/**
 * Everything that is derived from the schema of the spec: path from the repository's root → text.
 * Takes what zod's `toJSONSchema(Spec, { io: 'input' })` gives.
 */
export function outputs(schema) {
  const definitions = withNotes(schema.$defs);
  return {
    'sdk/src/spec.ts': typesOf(definitions),
    'docs/spec.md': pageOf(definitions),
    'provider/spec.schema.json': schemaTextOf(schema),
  };
}

/** Every option of every map of the schema: `[name of the map, name of the option, schema of the option]`. */
export function optionsOf(schema) {
  return Object.entries(withNotes(schema.$defs)).flatMap(([name, { properties }]) =>
    Object.entries(properties).map(([key, option]) => [name, key, option]),
  );
}

/** zod leaves out what an option says in the same words as the map that it refers to: this puts it back. */
function withNotes(definitions) {
  return mapValues(definitions, (definition) => ({
    ...definition,
    properties: mapValues(definition.properties, (option) => {
      const { description, 'x-ingot': isIngot } = definitions[option.$ref?.split('/').at(-1)] ?? {};
      return { ...(description && { description }), ...(isIngot && { 'x-ingot': true }), ...option };
    }),
  }));
}

function mapValues(object, change) {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));
}
