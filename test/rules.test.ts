import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const ROOT = resolve(__dirname, '..');

/** An import that the rules must refuse: from, to, and the rule's name. */
const REFUSED = [
  ['provider/src/model/early.ts', '../store/store.js', 'model-knows-nouns-only'],
  ['provider/src/model/ring-back.ts', './ring.js', 'no-cycle'],
  ['provider/src/format/codec.ts', '../model/lock.js', 'format-knows-no-product'],
  ['provider/src/format/codec.ts', 'node:fs', 'pure-does-no-io'],
  ['provider/src/format/xz.ts', 'node:net', 'xz-does-no-io-but-threads'],
  ['provider/src/store/store.ts', '../source/fetch.js', 'store-knows-nouns-and-codecs'],
  ['provider/src/encode/encode.ts', '../tree/tree.js', 'stage-knows-no-stage'],
  ['provider/src/source/fetch.ts', '../pipeline.js', 'stage-knows-no-stage'],
  ['provider/src/run/machine.ts', '../guest/init.js', 'stage-knows-no-stage'],
  ['provider/src/spec/parse.ts', 'node:child_process', 'pure-does-no-io'],
  ['provider/src/tree/tree.ts', 'os', 'pure-does-no-io'],
  ['provider/src/pulumi/image.ts', '../store/store.js', 'surface-knows-pipeline-only'],
  ['provider/src/cli/build.ts', '../pulumi/image.js', 'surface-knows-pipeline-only'],
  ['provider/src/cli/build.ts', '../pipeline/lock.js', 'pipeline-is-asked-by-its-front'],
  ['provider/src/pipeline/lock.ts', '../cli/print.js', 'pipeline-knows-no-surface'],
  ['provider/src/settings.ts', './model/lock.js', 'settings-know-nothing'],
  ['provider/src/run/qemu/forwarder.ts', '../machine.js', 'forwarder-stands-alone'],
  ['provider/src/pipeline.ts', '@pulumi/pulumi', 'pulumi-in-its-folder-only'],
  ['provider/src/pipeline.ts', './nowhere.js', 'no-dangling-import'],
  ['provider/src/pipeline.ts', 'undeclared', 'no-undeclared-dependency'],
  ['provider/src/pipeline.ts', './spec/parse.test.js', 'no-test-in-product'],
  ['sdk/src/image.ts', 'node:fs', 'sdk-is-thin'],
  ['sdk/src/image.ts', 'ingot', 'sdk-takes-types-only'],
] as const;

/** Imports that the design asks for. */
const WELCOME = [
  ['provider/src/pipeline.ts', './encode/encode.js'],
  ['provider/src/encode/encode.ts', '../format/codec.js'],
  ['provider/src/encode/encode.ts', 'node:crypto'],
  ['provider/src/format/codec.ts', '../model/error.js'],
  ['provider/src/format/xz.ts', 'node:worker_threads'],
  ['provider/src/source/fetch.ts', '../format/codec.js'],
  ['provider/src/run/qemu/forwarder.ts', './relay.js'],
  ['provider/src/pulumi/image.ts', '../pipeline.js'],
  ['provider/src/pipeline.ts', './pipeline/lock.js'],
  ['provider/src/pulumi/image.ts', '@pulumi/pulumi'],
  ['provider/src/run/qemu/relay.ts', 'node:net'],
  ['sdk/src/provider.ts', 'ingot/pulumi'],
  ['sdk/src/image.ts', '@pulumi/pulumi'],
] as const;

/** Files that the imports above need on the other side, with what they import. */
const OTHERS: Readonly<Record<string, string>> = {
  'provider/src/model/error.ts': 'export const a = 1;',
  'provider/src/model/lock.ts': 'export const a = 1;',
  'provider/src/model/ring.ts': "import './ring-back.js';",
  'provider/src/guest/init.ts': 'export const a = 1;',
  'provider/src/cli/print.ts': 'export const a = 1;',
  'provider/src/spec/parse.test.ts': 'export const a = 1;',
  'node_modules/undeclared/package.json': '{ "name": "undeclared", "main": "index.js" }',
  'node_modules/undeclared/index.js': '',
  'package.json': '{}',
  'tsconfig.json': '{}',
};

describe('the import rules', () => {
  let folder: string;
  let violations: Violation[];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ingot-rules-'));
    const files = new Map(Object.entries(OTHERS).map(([path, text]) => [path, `${text}\n`]));
    for (const [from, to] of [...REFUSED, ...WELCOME]) files.set(from, `${files.get(from) ?? ''}import '${to}';\n`);
    for (const [path, text] of files) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    }
    await copyFile(join(ROOT, '.dependency-cruiser.cjs'), join(folder, '.dependency-cruiser.cjs'));
    violations = await violationsIn(folder);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test.each(REFUSED)('refuse %s importing %s: %s', (from, to, rule) => {
    const found = violations.filter((violation) => violation.from === from && violation.rule.name === rule);
    expect(found.map((violation) => nameOf(violation.to))).toContain(nameOf(to));
  });

  test.each(WELCOME)('allow %s importing %s', (from, to) => {
    const found = violations.filter((violation) => violation.from === from && nameOf(violation.to) === nameOf(to));
    // Nothing is installed in the folder.
    const names = found.map((violation) => violation.rule.name).filter((name) => name !== 'no-dangling-import');
    expect(names.filter((name) => name !== 'no-undeclared-dependency')).toEqual([]);
  });

  test('cover every rule there is', async () => {
    const { forbidden } = require(join(ROOT, '.dependency-cruiser.cjs')) as { forbidden: { name: string }[] };
    expect(new Set(REFUSED.map(([, , rule]) => rule))).toEqual(new Set(forbidden.map(({ name }) => name)));
  });
});

describe('the sources that decide the bytes of an image', () => {
  /** What gives another answer on another day or another machine. */
  const UNSTEADY =
    /\bDate\.now\b|\bnew Date\(\)|\bperformance\b|\bMath\.random\b|\brandom(Bytes|UUID|Int)\b|\bprocess\.(env|cwd|platform|arch|pid|hrtime)\b|\blocaleCompare\b|\btoLocale\w+\b|\bIntl\./;

  test.each([
    'const now = Date.now();',
    'new Date()',
    'Math.random()',
    'process.env.HOME',
    'names.sort((a, b) => a.localeCompare(b))',
    'randomUUID()',
  ])('the pattern finds %s', (line) => {
    expect(line).toMatch(UNSTEADY);
  });

  test('know no clock, randomness, environment or locale', async () => {
    const folders = ['model', 'format', 'spec', 'tree', 'encode'].map((name) => join(ROOT, 'provider/src', name));
    const files = (await Promise.all(folders.map(sourcesIn))).flat();
    expect(files.length).toBeGreaterThan(30);
    const found: string[] = [];
    for (const file of files) {
      const lines = withoutComments(await readFile(file, 'utf8')).split('\n');
      lines.forEach((line, index) => {
        if (UNSTEADY.test(line)) found.push(`${file.slice(ROOT.length + 1)}:${index + 1}: ${line.trim()}`);
      });
    }
    expect(found).toEqual([]);
  });
});

interface Violation {
  readonly from: string;
  readonly to: string;
  readonly rule: { readonly name: string };
}

async function violationsIn(cwd: string): Promise<Violation[]> {
  const program = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs');
  const args = [program, '--output-type', 'json', 'provider/src', 'sdk/src'];
  const { stdout } = await promisify(execFile)('node', args, { cwd, maxBuffer: 16 << 20 });
  return (JSON.parse(stdout) as { summary: { violations: Violation[] } }).summary.violations;
}

/** The last part of a module's name, by which an import and what it resolved to can be compared. */
function nameOf(module: string): string {
  const last =
    module
      .replace(/\/index\.js$/, '')
      .split(/[/:]/)
      .at(-1) ?? module;
  return last.replace(/\.(ts|js)$/, '');
}

async function sourcesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true });
  return entries.filter((name) => /(?<!\.test|\.fixture)\.ts$/.test(name)).map((name) => join(folder, name));
}

/** Line numbers stay as they are. */
function withoutComments(text: string): string {
  const blocks = text.replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ''));
  return blocks.replace(/(^|\s)\/\/.*$/gm, '');
}
