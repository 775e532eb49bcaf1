/** Keys and indexes from the root of a spec. */
export type Path = readonly (string | number)[];

const PLAIN_KEY = /^[A-Za-z_][A-Za-z0-9_-]*$/;

/** A path as text: `services[0].image`, with keys that are not plain words in quotes: `services[0]["binds.add"]`. */
export function propertyOf(path: Path): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else if (!PLAIN_KEY.test(part)) text += `[${quote(part)}]`;
    else text += text === '' ? part : `.${part}`;
  }
  return text;
}

/** How the root of a spec is called in a sentence. */
export function nameOf(path: Path): string {
  return path.length === 0 ? 'the spec' : propertyOf(path);
}

const MAX_QUOTED = 80;

/** Text in quotes, cut where it is long, without anything that a terminal would act upon. */
export function quote(text: string): string {
  const cut = text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text;
  return printable(JSON.stringify(cut));
}

/** Text with every invisible or controlling character replaced, one for one. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, '\ufffd');
}
