import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** apt.conf(5): the names in `apt.conf.d` that apt reads. */
const PART_NAME = /^[A-Za-z0-9_.-]+$/;

/**
 * Whether apt on this host checks the Valid-Until of releases: `Acquire::Check-Valid-Until` of its configuration, which
 * is true where nothing is said. Hosts whose mirror is a frozen copy have it switched off.
 */
export async function aptChecksValidUntil(aptDirectory: string): Promise<boolean> {
  let checks = true;
  // apt.conf(5): first the parts in their order, then apt.conf; later values win.
  for (const path of [...(await partsOf(join(aptDirectory, 'apt.conf.d'))), join(aptDirectory, 'apt.conf')]) {
    const text = await readFile(path, 'utf8').catch(() => '');
    for (const [name, value] of aptSettings(text)) {
      if (name === 'acquire::check-valid-until') checks = !isNo(value);
    }
  }
  return checks;
}

/** apt's words for false. */
export function isNo(text: string): boolean {
  return ['no', 'false', 'without', 'off', 'disable', '0'].includes(text.trim().toLowerCase());
}

async function partsOf(directory: string): Promise<string[]> {
  const names = await readdir(directory).catch((): string[] => []);
  return names
    .filter((name) => PART_NAME.test(name) && (!name.includes('.') || name.endsWith('.conf')))
    .sort()
    .map((name) => join(directory, name));
}

const TOKEN = /\/\/[^\n]*|#[^\n]*|\/\*[\s\S]*?\*\/|"((?:[^"\\]|\\.)*)"|([{};])|([^\s{};"]+)/g;

/**
 * The settings of a text in apt.conf(5) syntax, in their order, names in lower case with their scopes:
 * `Acquire { Check-Date "false"; }` is `acquire::check-date` = `false`. Whatever makes no sense is passed over.
 */
export function aptSettings(text: string): [name: string, value: string][] {
  const settings: [string, string][] = [];
  const scopes: string[] = [];
  let words: string[] = [];
  for (const [token, quoted, mark, word] of text.matchAll(TOKEN)) {
    if (quoted !== undefined || (word !== undefined && !token.startsWith('#'))) {
      words.push(quoted ?? token);
    } else if (mark === '{') {
      scopes.push((words[0] ?? '').toLowerCase());
      words = [];
    } else if (mark === ';' || mark === '}') {
      const [name, value] = words;
      if (name !== undefined && value !== undefined) settings.push([[...scopes, name.toLowerCase()].join('::'), value]);
      words = [];
      if (mark === '}') scopes.pop();
    }
  }
  return settings;
}
