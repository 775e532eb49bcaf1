import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { Spec } from '../model/spec.js';
import { parseSpec } from './parse.js';

const ROOT = join(__dirname, '../../..');
const schema = z.toJSONSchema(Spec, { io: 'input' }) as JsonSchema;

interface JsonSchema {
  readonly $defs: Readonly<Record<string, Definition>>;
}
interface Definition {
  readonly description?: string;
  readonly properties: Readonly<Record<string, { readonly description?: string }>>;
  readonly 'x-example'?: string;
}

/** The generator is a script, which needs no build: it has no types. */
let generator: {
  outputs(schema: JsonSchema): Record<string, string>;
  optionsOf(schema: JsonSchema): [string, string, { description?: string }][];
};
beforeAll(async () => {
  generator = await import(pathToFileURL(join(ROOT, 'scripts/spec/outputs.mjs')).href);
});

describe('generate-spec.mjs', () => {
  it.each(['sdk/src/spec.ts', 'docs/spec.md', 'provider/spec.schema.json'])(
    'would write %s as it is committed; if not, run node scripts/generate-spec.mjs',
    (path) => {
      expect(readFileSync(join(ROOT, path), 'utf8')).toBe(generator.outputs(schema)[path]);
    },
  );
});

describe('the schema of the spec', () => {
  it('describes every map and every option in a sentence', () => {
    for (const [name, { description }] of Object.entries(schema.$defs))
      expect(description, name).toMatch(/^[A-Z`].*\.$/s);
    const options = generator.optionsOf(schema);
    expect(options.length).toBeGreaterThan(100);
    for (const [name, key, { description }] of options) expect(description, `${name}.${key}`).toMatch(/^[A-Z`1].*\.$/s);
  });

  it('has examples that parse', () => {
    const examples = Object.values(schema.$defs).flatMap((definition) => definition['x-example'] ?? []);
    expect(examples.length).toBeGreaterThan(5);
    for (const text of examples) expect(parseSpec([{ name: 'example', text }])).not.toEqual({});
  });

  it('has an option for every property that the published JSON Schema has, and refuses others there too', () => {
    const published = JSON.parse(readFileSync(join(ROOT, 'provider/spec.schema.json'), 'utf8')) as JsonSchema;
    expect(Object.keys(published.$defs)).toEqual(Object.keys(schema.$defs));
    for (const definition of Object.values(published.$defs))
      expect(definition).toHaveProperty('additionalProperties', false);
    expect(JSON.stringify(published)).not.toMatch(/"x-|9007199254740991/);
  });
});
