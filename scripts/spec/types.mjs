const HEAD = `// Written by scripts/generate-spec.mjs from provider/src/model/spec.ts: change that, and run it.

`;

/** The line width of the formatter. */
const WIDTH = 120;

/** Plain TypeScript interfaces for the maps of the schema, for every compiler from 3.8 on. */
export function typesOf(definitions) {
  const interfaces = Object.entries(definitions).map(([name, definition]) => {
    const members = Object.entries(definition.properties).map(([key, option]) =>
      memberOf(key, option, definition.required?.includes(key)),
    );
    return `${comment(textOf(definition), '')}export interface ${name} {\n${members.join('')}}\n`;
  });
  return HEAD + interfaces.join('\n');
}

function memberOf(key, option, isRequired) {
  const name = /^[A-Za-z][A-Za-z0-9]*$/.test(key) ? key : `'${key}'`;
  const start = `  ${name}${isRequired ? '' : '?'}:`;
  const line = `${start} ${typeOf(option)};`;
  const choices = choicesOf(option);
  const broken = `${start}${choices.map((choice) => `\n    | ${choice}`).join('')};`;
  return `${comment(textOf(option), '  ')}${line.length > WIDTH ? broken : line}\n`;
}

function typeOf(schema) {
  return choicesOf(schema).join(' | ');
}

/** The parts of a union, or the one type. */
function choicesOf(schema) {
  if (schema.$ref !== undefined) return [schema.$ref.split('/').at(-1)];
  if (schema.anyOf !== undefined) return schema.anyOf.flatMap(choicesOf);
  if (schema.enum !== undefined) return schema.enum.map((choice) => `'${choice}'`);
  if (Array.isArray(schema.type)) return schema.type.flatMap((type) => choicesOf({ ...schema, type }));
  switch (schema.type) {
    case 'string':
    case 'boolean':
    case 'null':
      return [schema.type];
    case 'integer':
      return ['number'];
    case 'array': {
      const item = typeOf(schema.items);
      return [`readonly ${item.includes(' ') ? `(${item})` : item}[]`];
    }
    case 'object':
      return [`{ readonly [key: string]: ${typeOf(schema.additionalProperties)} }`];
    default:
      throw new Error(`Cannot write a type for ${JSON.stringify(schema)}: it is of no kind that specs have had so far`);
  }
}

function textOf(schema) {
  const standard =
    schema['x-default'] ?? (schema.default === undefined ? undefined : `\`${JSON.stringify(schema.default)}\``);
  return [
    schema['x-ingot'] === true ? 'Ingot only:' : '',
    schema.description,
    standard === undefined ? '' : `Default: ${standard}.`,
  ]
    .filter((part) => part !== '')
    .join(' ');
}

/** A doc comment, in one line where it fits. */
function comment(text, indent) {
  const safe = text.replaceAll('*/', '* /');
  const line = `${indent}/** ${safe} */`;
  if (line.length <= WIDTH) return `${line}\n`;
  const lines = [''];
  for (const word of safe.split(' ')) {
    const last = lines.at(-1);
    if (indent.length + 3 + last.length + 1 + word.length > WIDTH) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return `${indent}/**\n${lines.map((part) => `${indent} * ${part}\n`).join('')}${indent} */\n`;
}
