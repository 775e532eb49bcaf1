import { type DiffLine, type DiffSection, diffLines } from './diff-lines.js';
import type { ImageDiff } from './image-diff.js';

const STYLE = `
:root { color-scheme: light dark; --added: #116329; --removed: #a40e26; --changed: #7d4e00; --faint: #6e7781; }
@media (prefers-color-scheme: dark) { :root { --added: #7ee787; --removed: #ffa198; --changed: #e3b341; --faint: #8b949e; } }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.3rem; overflow-wrap: anywhere; }
summary { cursor: pointer; font-weight: 600; }
summary span, .faint { color: var(--faint); font-weight: 400; }
table { border-collapse: collapse; margin: 0.5rem 0 1.5rem; width: 100%; }
td { padding: 0.1rem 0.8rem 0.1rem 0; vertical-align: top; font-family: ui-monospace, monospace; font-size: 0.85rem; overflow-wrap: anywhere; }
td:first-child { width: 1rem; }
.added td:nth-child(-n+2) { color: var(--added); }
.removed td:nth-child(-n+2) { color: var(--removed); }
.changed td:nth-child(-n+2) { color: var(--changed); }
.alarming td:last-child { color: var(--removed); font-weight: 600; }
`.trim();

const SIGNS = { added: '+', removed: '−', changed: '~' } as const;

/** A difference as one page that needs nothing else: no script, no picture, no other file. */
export function diffPage(diff: ImageDiff, options: { readonly maxFiles: number }): string {
  const { title, digests, sections } = diffLines(diff, options);
  const body = diff.different ? sections.map(sectionHtml).join('\n') : '<p>No difference.</p>';
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escaped(title)}</h1>
<p class="faint">${escaped(digests)}</p>
${body}
</body>
</html>
`;
}

function sectionHtml({ heading, counts, lines, omitted }: DiffSection): string {
  const rows = lines.map(rowHtml).join('\n');
  const rest = omitted > 0 ? `\n<p class="faint">… and ${omitted} more</p>` : '';
  return `<details open>
<summary>${escaped(heading)} <span>${escaped(counts)}</span></summary>
<table>
${rows}
</table>${rest}
</details>`;
}

function rowHtml({ kind, name, text, alarming }: DiffLine): string {
  const classes = alarming ? `${kind} alarming` : kind;
  return `<tr class="${classes}"><td>${SIGNS[kind]}</td><td>${escaped(name)}</td><td>${escaped(text)}</td></tr>`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? character);
}
