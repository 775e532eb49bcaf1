const HEAD = `<!-- Written by scripts/generate-spec.mjs from provider/src/model/spec.ts: change that, and run it. -->

# The spec

A spec says what an image is made of. It is LinuxKit's YAML with a few options added: the column *From* says which
those are. LinuxKit's \`trust\`, which it ignores itself, is refused.

A spec can be a YAML file, several of them, YAML text in a program, or an object in a program, whose type is \`Spec\` in
\`pulumi-ingot\`. Editors that know JSON Schema complete and check it with \`provider/spec.schema.json\`.

**YAML** is YAML 1.2: \`yes\` and \`on\` are texts, and \`0644\` is the number 644, so write modes in quotes. Anchors,
aliases and merge keys (\`<<\`) work. Tags and several documents in one file do not.

**Mistakes** are errors, all of them at once, each with its line: keys that are not on this page, wrong types, values
that cannot work.

**Several files** become one spec. Lists are joined in the order of the files. Of single values, those under \`kernel\`,
\`debian\`, \`network\` and \`ready\` included, the last file's wins. Paths of files are relative to the file that they are written in. Services
must differ in their names over all the files, and so must users. Where two files lay something at the same path into the image, the later
one wins; in one file that is an error.

**References** to images are \`deb:NAME[,NAME…]\` for Debian packages and all that they need, where a name may be
\`NAME=VERSION\`; \`oci:\`, \`oci-archive:\`, \`docker-archive:\` and \`dir:\` for what is on this machine; any other text is
an image in a registry, as in LinuxKit. [sources.md](sources.md) says more of each.

**Times** are whole numbers of seconds, in options whose names end in \`Seconds\`.

`;

/** The reference page: one section for each map of the schema, one line for each option. */
export function pageOf(definitions) {
  const uses = usesOf(definitions);
  const sections = Object.entries(definitions).map(([name, definition]) => sectionOf(name, definition, uses.get(name)));
  return `${HEAD}${sections.join('\n')}`;
}

function sectionOf(name, definition, uses) {
  const rows = Object.entries(definition.properties).map(([key, option]) => {
    const isRequired = definition.required?.includes(key) === true;
    const from = option['x-ingot'] === true || definition['x-ingot'] === true ? 'Ingot' : 'LinuxKit';
    return `| \`${key}\` | ${typeOf(option)} | ${defaultOf(option, isRequired)} | ${from} | ${cell(option.description)} |`;
  });
  const place = uses === undefined ? 'The whole.' : `In ${uses.map((use) => `\`${use}\``).join(', ')}.`;
  const example = definition['x-example'];
  return [
    `## ${name}`,
    '',
    `${place} ${definition.description}`,
    '',
    '| Option | Type | Default | From | Meaning |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    ...(example === undefined ? [] : ['', '```yaml', example.trimEnd(), '```']),
    '',
  ].join('\n');
}

function typeOf(schema) {
  if (schema.$ref !== undefined) return linkTo(schema);
  if (schema.anyOf !== undefined) return schema.anyOf.map(typeOf).join(' or ');
  if (schema.enum !== undefined) return schema.enum.map((choice) => `\`${choice}\``).join(' or ');
  if (Array.isArray(schema.type)) return schema.type.map((type) => typeOf({ ...schema, type })).join(' or ');
  switch (schema.type) {
    case 'string':
      return 'text';
    case 'integer':
      return 'whole number';
    case 'boolean':
      return '`true` or `false`';
    case 'null':
      return 'nothing';
    case 'array':
      return `list of ${pluralOf(schema.items)}`;
    case 'object':
      return `map of ${pluralOf(schema.additionalProperties)}`;
    default:
      throw new Error(`Cannot name the type of ${JSON.stringify(schema)}: it is of no kind that specs have had so far`);
  }
}

function pluralOf(schema) {
  if (schema.$ref !== undefined) return linkTo(schema);
  if (schema.anyOf !== undefined) return schema.anyOf.map(pluralOf).join(' or ');
  return { string: 'texts', integer: 'whole numbers' }[schema.type] ?? typeOf(schema);
}

function linkTo({ $ref }) {
  const name = $ref.split('/').at(-1);
  return `[${name}](#${name.toLowerCase()})`;
}

function defaultOf(option, isRequired) {
  if (isRequired) return '*needed*';
  if (option['x-default'] !== undefined) return cell(option['x-default']);
  return option.default === undefined ? '–' : `\`${JSON.stringify(option.default)}\``;
}

function cell(text) {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

/** Where each map stands: name of the map → options that hold it, such as `services[]`. */
function usesOf(definitions) {
  const uses = new Map();
  for (const [name, { properties }] of Object.entries(definitions)) {
    for (const [key, option] of Object.entries(properties)) {
      const schema =
        option.items ?? (typeof option.additionalProperties === 'object' ? option.additionalProperties : option);
      if (schema.$ref === undefined) continue;
      const mark = option.items !== undefined ? '[]' : option.$ref === undefined ? '.*' : '';
      const target = schema.$ref.split('/').at(-1);
      const use = name === 'Spec' ? `${key}${mark}` : `${name}.${key}${mark}`;
      uses.set(target, [...(uses.get(target) ?? []), use]);
    }
  }
  return uses;
}
