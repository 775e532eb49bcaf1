import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = resolve(__dirname, '..');

test('every link of a page leads somewhere in the repository', async () => {
  const broken: string[] = [];
  const pages = await pagesOf();
  expect(pages.length).toBeGreaterThan(15);
  for (const page of pages) {
    const text = withoutCode(await readFile(page, 'utf8'));
    for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? page : resolve(dirname(page), path);
      const isThere = existsSync(file) && (anchor === undefined || (await anchorsOf(file)).has(anchor));
      if (!isThere) broken.push(`${relative(ROOT, page)}: ${target}`);
    }
  }
  expect(broken).toEqual([]);
});

async function pagesOf(): Promise<string[]> {
  const folders = ['docs', 'examples', 'provider', 'sdk'];
  const names = await Promise.all(
    folders.map(async (folder) =>
      (await readdir(join(ROOT, folder), { recursive: true })).map((name) => join(ROOT, folder, name)),
    ),
  );
  const below = names.flat().filter((name) => name.endsWith('.md') && !/\/(node_modules|dist)\//.test(name));
  return [join(ROOT, 'README.md'), join(ROOT, 'ARCHITECTURE.md'), join(ROOT, 'CHANGELOG.md'), ...below];
}

/** Anchors of headings, as they are made where Markdown is shown: lower case, dashes for spaces, no punctuation. */
async function anchorsOf(file: string): Promise<Set<string>> {
  const anchors = new Set<string>();
  for (const [, heading = ''] of withoutCode(await readFile(file, 'utf8')).matchAll(/^#+ +(.*)$/gm)) {
    const words = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const anchor = words
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replace(/\s/g, '-');
    for (let number = 0, name = anchor; ; name = `${anchor}-${++number}`) {
      if (anchors.has(name)) continue;
      anchors.add(name);
      break;
    }
  }
  return anchors;
}

function withoutCode(text: string): string {
  return text.replace(/^(```+)[\s\S]*?^\1/gm, '');
}
