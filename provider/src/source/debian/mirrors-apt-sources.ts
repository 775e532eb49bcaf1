import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDeb822 } from '../../format/deb822.js';
import { isNo } from './mirrors-apt-settings.js';

/** One address and suite that apt on this host takes binary packages from. */
export interface AptSource {
  readonly address: string;
  readonly suite: string;
  readonly components: readonly string[];
  readonly signedBy: string;
  readonly checksValidUntil: boolean;
}

/**
 * The sources that apt on this host has, in apt's order (sources.list(5)): `sources.list`, then the parts by name.
 * Disabled ones, `deb-src`, and lines that are not understood are left out.
 */
export async function readAptSources(aptDirectory: string): Promise<AptSource[]> {
  const parts = join(aptDirectory, 'sources.list.d');
  const names = await readdir(parts).catch((): string[] => []);
  const paths = [join(aptDirectory, 'sources.list'), ...names.sort().map((name) => join(parts, name))];
  const sources: AptSource[] = [];
  for (const path of paths) {
    if (!/\.(?:list|sources)$/.test(path)) continue;
    const text = await readFile(path, 'utf8').catch(() => '');
    sources.push(...(path.endsWith('.list') ? parseSourcesList(text) : parseSourcesFile(text)));
  }
  return sources;
}

const LINE = /^deb\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+(\S+)((?:\s+\S+)*)\s*$/;

/** The one-line format: `deb [option=value …] address suite component…`. */
export function parseSourcesList(text: string): AptSource[] {
  const sources: AptSource[] = [];
  for (const line of text.split('\n')) {
    const match = LINE.exec(line.replace(/#.*/, '').trim());
    if (match === null) continue;
    const [, options = '', address = '', suite = '', components = ''] = match;
    const values = new Map(words(options).map((option) => splitOption(option)));
    sources.push({
      address,
      suite,
      components: words(components),
      signedBy: values.get('signed-by') ?? '',
      checksValidUntil: !isNo(values.get('check-valid-until') ?? 'yes'),
    });
  }
  return sources;
}

/** The deb822 format. A file that is not in it gives nothing: apt has said so already. */
export function parseSourcesFile(text: string): AptSource[] {
  const sources: AptSource[] = [];
  for (const stanza of stanzasOf(text)) {
    const list = (name: string): string[] => words(stanza.get(name) ?? '');
    if (isNo(stanza.get('enabled') ?? 'yes') || !list('types').includes('deb')) continue;
    for (const address of list('uris')) {
      for (const suite of list('suites')) {
        sources.push({
          address,
          suite,
          components: list('components'),
          signedBy: stanza.get('signed-by') ?? '',
          checksValidUntil: !isNo(stanza.get('check-valid-until') ?? 'yes'),
        });
      }
    }
  }
  return sources;
}

function stanzasOf(text: string): ReturnType<typeof parseDeb822> {
  try {
    return parseDeb822(text, { comments: true });
  } catch {
    return [];
  }
}

function splitOption(option: string): [string, string] {
  const [name = '', ...value] = option.split('=');
  return [name.toLowerCase(), value.join('=')];
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}
