/**
 * Name of the module in a file: without folder and `.ko`, dashes as underscores, as the kernel and modprobe(8) see it.
 */
export function moduleName(path: string): string {
  return normalName(path.slice(path.lastIndexOf('/') + 1).replace(/\.ko$/, ''));
}

export function normalName(name: string): string {
  return name.replaceAll('-', '_');
}

/** modules.dep: path of a module → paths of all that it needs (modules.dep(5)). Relative to the release's folder. */
export function parseDependencies(text: string): Map<string, readonly string[]> {
  const dependencies = new Map<string, readonly string[]>();
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    if (colon <= 0 || line.startsWith('#')) continue;
    dependencies.set(line.slice(0, colon), words(line.slice(colon + 1)));
  }
  return dependencies;
}

/** modules.softdep: name of a module → names of what it wants loaded with it (modprobe.d(5), "softdep"). */
export function parseSoftDependencies(text: string): Map<string, readonly string[]> {
  const dependencies = new Map<string, readonly string[]>();
  for (const line of text.split('\n')) {
    const [keyword, name, ...rest] = words(line);
    if (keyword !== 'softdep' || name === undefined) continue;
    const wanted = rest.filter((word) => word !== 'pre:' && word !== 'post:').map(normalName);
    dependencies.set(normalName(name), [...(dependencies.get(normalName(name)) ?? []), ...wanted]);
  }
  return dependencies;
}

/** modules.builtin: names of what needs no module. */
export function parseBuiltin(text: string): Set<string> {
  return new Set(words(text).map(moduleName));
}

/** The lines that are about modules in `kept`, by the field of that place; comments stay. */
export function linesAbout(text: string, kept: ReadonlySet<string>, nameIn: (line: string) => string): string {
  const lines = text.split('\n').filter((line) => line !== '' && (line.startsWith('#') || kept.has(nameIn(line))));
  return lines.map((line) => `${line}\n`).join('');
}

export function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}
