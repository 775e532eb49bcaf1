import { at, outdated as findOutdated, type Outdated, parse, readLockFile } from '../pipeline.js';
import { columns, styled } from './columns.js';
import { lockPlaceOf, noLockFile } from './lock-place.js';
import { withWorkshop } from './workshop.js';

/** `ingot outdated SPEC…`: what is pinned and has something newer. @returns whether there is any. */
export async function outdated(specs: readonly string[], options: { readonly json?: true }): Promise<boolean> {
  const place = await lockPlaceOf(specs);
  const found = await withWorkshop(async (workshop) => {
    const parsed = await parse(specs, workshop);
    const file = await readLockFile(specs, workshop);
    if (file === undefined) throw noLockFile(place);
    return at(parsed, () => findOutdated(parsed.spec, file, workshop));
  });
  if (options.json) process.stdout.write(`${JSON.stringify(found, null, 2)}\n`);
  else if (found.length === 0) process.stdout.write(`${place.path}: all that is pinned is the newest\n`);
  else process.stdout.write(`${table(found).join('\n')}\n\n${summary(found)}; run \`${place.command} --update\`\n`);
  return found.length > 0;
}

function table(found: readonly Outdated[]): string[] {
  const rows = found.map(({ name, current, newest, security, in: places }) => [
    name,
    current,
    newest,
    security ? 'security' : '',
    places.join(', '),
  ]);
  const [head = '', ...lines] = columns([['NAME', 'PINNED', 'NEWEST', '', 'IN'], ...rows]);
  return [styled('bold', head), ...lines.map((line, index) => (found[index]?.security ? styled('red', line) : line))];
}

function summary(found: readonly Outdated[]): string {
  const security = found.filter((one) => one.security).length;
  return `${found.length} outdated${security === 0 ? '' : `, ${security} of them with a security update`}`;
}
