import { describe, expect, test } from 'vitest';
import { type Contents, sha256, type TreeEntry } from '../model/index.js';
import { diffPage } from './diff-html.js';
import { formatDiff } from './diff-text.js';
import { type ComparedImage, imageDiff } from './image-diff.js';
import { printable } from './printable.js';

const CONTENTS: Contents = {
  packages: { lighttpd: '1.4.79-1', zlib1g: '1.3' },
  images: {},
  services: { web: 'lighttpd -D 0123' },
  kernel: { version: '6.12', commandLine: 'quiet', modules: 3 },
  files: { 'etc/motd': 'sha256:1' },
  components: { files: '1 files' },
  setuid: [],
  users: { root: '0' },
  sizes: { rootBytes: 50_000_000, files: 3 },
  runtime: { recipe: 1, guest: '1', platform: 'linux/amd64' },
};

function entry(path: string, text: string, rest: Partial<TreeEntry> = {}): TreeEntry {
  const bytes = Buffer.from(text);
  const content = { bytes, sizeBytes: bytes.length, sha256: sha256(bytes) };
  return { path, type: 'file', mode: 0o644, uid: 0, gid: 0, mtimeSeconds: 0, component: 'files', content, ...rest };
}

const BEFORE: ComparedImage = {
  name: 'old.yml',
  digest: sha256('old'),
  contents: CONTENTS,
  entries: [
    entry('etc/motd', 'hello\n'),
    entry('usr/bin/su', 'x', { mode: 0o755 }),
    entry('z', '', { mtimeSeconds: 1 }),
  ],
};

const AFTER: ComparedImage = {
  name: 'new.yml',
  digest: sha256('new'),
  contents: {
    ...CONTENTS,
    packages: { curl: '8.14', lighttpd: '1.4.79-2' },
    files: {},
    components: {},
    setuid: ['usr/bin/su'],
    sizes: { rootBytes: 51_500_000, files: 4 },
  },
  entries: [
    entry('bad\n\u001b[31m<b>', 'x'),
    entry('etc/motd', 'hello world\n', { uid: 3, gid: 4 }),
    entry('usr/bin/su', 'x', { mode: 0o4755 }),
    entry('z', '', { mtimeSeconds: 2 }),
  ],
};

describe('formatDiff()', () => {
  test('tells packages, services, files and sizes, each with its old and new value', () => {
    expect(formatDiff(imageDiff(BEFORE, AFTER), { maxFiles: 20 })).toMatchSnapshot();
  });

  test('lists as many files as it may, those whose time alone differs only with all others', () => {
    const text = formatDiff(imageDiff(BEFORE, AFTER), { maxFiles: 3 });
    expect(text).toContain('~ usr/bin/su');
    expect(text).not.toContain('~ z');
    expect(text).toContain('… and 1 more (--files lists all)');
    expect(formatDiff(imageDiff(BEFORE, AFTER), { maxFiles: 1 })).toContain('… and 3 more');
  });

  test('tells folders that came or went as one, and what matters most first, where not all are told', () => {
    const folder = (path: string) => entry(path, '', { type: 'directory', mode: 0o755 });
    const many = ['x', 'y', 'z'].map((name) => entry(`usr/new/${name}`, name.repeat(1000)));
    const after = {
      ...BEFORE,
      entries: [entry('etc/motd', 'hi\n'), folder('usr/new'), entry('usr/new-2', ''), folder('usr/new/sub'), ...many],
    };
    const lines = (maxFiles: number) => formatDiff(imageDiff(BEFORE, after), { maxFiles }).split('\n').slice(2);
    expect(lines(5)).toEqual([
      'files  6 added, 2 removed, 1 changed (content 1)',
      '  ~ etc/motd: content 6 B => 3 B',
      '  - usr/bin/su: file 0755 1 B',
      '  + usr/new/: folder with 3 files, 3.0 kB',
      '  + usr/new-2: file 0644 0 B',
      '  - z: file 0644 0 B',
      '',
    ]);
    expect(lines(2)[1]).toBe('  ~ etc/motd: content 6 B => 3 B');
    expect(lines(2)[2]).toBe('  - usr/bin/su: file 0755 1 B');
    expect(lines(2)[3]).toBe('  … and 7 more (--files lists all)');
    expect(lines(9)).toHaveLength(11);
  });

  test('tells what is wider than the terminal on lines of its own', () => {
    const services = (command: string) => ({ ...BEFORE, contents: { ...CONTENTS, services: { web: command } } });
    const [before, after] = [services('web --port 80 --root /srv/web'), services('web --port 8080 --root /srv/www')];
    expect(formatDiff(imageDiff(before, after), { maxFiles: 20, width: 38 }).split('\n').slice(3, -1)).toEqual([
      '  ~ web:',
      '      web --port 80 --root /srv/web',
      '      => web --port 8080 --root',
      '      /srv/www',
    ]);
  });

  test('says so, where nothing differs', () => {
    const diff = imageDiff(BEFORE, BEFORE);
    expect(diff.different).toBe(false);
    expect(formatDiff(diff, { maxFiles: 20 }).split('\n').at(-2)).toBe('no difference');
  });

  test('is painted by its caller', () => {
    const text = formatDiff(imageDiff(BEFORE, AFTER), { maxFiles: 20, paint: (shade, part) => `<${shade}|${part}>` });
    expect(text).toContain('<added|+ curl>: 8.14\n');
    expect(text).toContain('<changed|~ usr/bin/su>: <alarming|mode 0755 => 4755, setuid now>');
  });
});

describe('diffPage()', () => {
  test('is one page without script, in which nothing of the images is markup', () => {
    const page = diffPage(imageDiff(BEFORE, AFTER), { maxFiles: 20 });
    expect(page).toMatchSnapshot();
    expect(page).not.toMatch(/<script|<b>|\son\w+=|https?:/);
    expect(page).toContain('bad\\x0a\\x1b[31m&lt;b&gt;');
  });
});

test.each([
  ['plain ü 語 \u{1F600}', 'plain ü 語 \u{1F600}'],
  ['a\nb\t\x1b[2J\x7f\x9b', 'a\\x0ab\\x09\\x1b[2J\\x7f\\x9b'],
  ['caf\udce9 \ud800', 'caf\\xe9 \\ud800'],
  ['\u202egnp.exe', '\\u202egnp.exe'],
])('printable() of %j', (text, shown) => {
  expect(printable(text)).toBe(shown);
});
