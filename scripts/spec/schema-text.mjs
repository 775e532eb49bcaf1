/** The JSON Schema for editors, laid out as the formatter wants it. */
export function schemaTextOf({ $schema, ...schema }) {
  const published = withoutNotes({ $schema, title: 'Ingot spec', ...schema });
  return `${layOut(published, '')}\n`;
}

/** Without what only the generator needs (`x-…`), and without the bounds of JavaScript's numbers. */
function withoutNotes(value) {
  if (Array.isArray(value)) return value.map(withoutNotes);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(
    ([key, item]) => !key.startsWith('x-') && Math.abs(Number(item)) !== Number.MAX_SAFE_INTEGER,
  );
  return Object.fromEntries(kept.map(([key, item]) => [key, withoutNotes(item)]));
}

const WIDTH = 120;

function layOut(value, indent, before = 0) {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    const line = `[${value.map((item) => JSON.stringify(item)).join(', ')}]`;
    const isFlat = value.every((item) => typeof item !== 'object');
    if (isFlat && indent.length + before + line.length + 1 <= WIDTH) return line;
    return `[\n${value.map((item) => inner + layOut(item, inner)).join(',\n')}\n${indent}]`;
  }
  const members = Object.entries(value).map(([key, item]) => {
    const name = `${JSON.stringify(key)}: `;
    return `${inner}${name}${layOut(item, inner, name.length)}`;
  });
  return members.length === 0 ? '{}' : `{\n${members.join(',\n')}\n${indent}}`;
}
