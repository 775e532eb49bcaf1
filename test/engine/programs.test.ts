import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { again } from '../again.js';
import { Project } from './project.js';

const QUICKSTART = join(__dirname, '../../examples/quickstart');
const TSX = 'tsx@4.23.15';

const PACKAGE = { name: 'project', private: true };
const image = (name: string) => `new ingot.Image('${name}', { spec: 'web.yml' })`;
const REQUIRE = `const ingot = require('pulumi-ingot');`;
const IMPORT = `import * as ingot from 'pulumi-ingot';`;
/** Syntax of ES modules that no compiler has turned into something else. */
const AWAIT = `const name: string = await Promise.resolve('web');`;

let tsx: string;
beforeAll(async () => {
  tsx = await mkdtemp(join(tmpdir(), 'ingot-tsx-'));
  const args = ['install', '--no-audit', '--no-fund', '--prefix', tsx, TSX];
  await again(() => promisify(execFile)('npm', args, { cwd: tsx }));
});
afterAll(() => rm(tsx, { recursive: true, force: true }));

/** A program of each sort, each in a project of its own: a preview of each knows the digest of its image. */
describe('a program', () => {
  test.each<[string, Record<string, string>, (() => Record<string, string>)?]>([
    [
      'in CommonJS',
      { 'package.json': json({ main: 'index.js' }), 'index.js': `${REQUIRE} exports.digest = ${image('web')}.digest;` },
    ],
    [
      'in ES modules',
      {
        'package.json': json({ main: 'index.js', type: 'module' }),
        'index.js': `${IMPORT} ${AWAIT.replace(': string', '')} export const digest = ${image('web')}.digest;`,
      },
    ],
    [
      'in ES modules, that default imports find too',
      {
        'package.json': json({ main: 'index.mjs' }),
        'index.mjs': `import ingot, { Image, local } from 'pulumi-ingot';
          if (ingot.Image !== Image || local.Instance === undefined) throw new Error('not the same');
          export const digest = ${image('web')}.digest;`,
      },
    ],
    [
      "in TypeScript, for Node's own type stripping",
      {
        'package.json': json({ main: 'index.mts', type: 'module' }),
        'index.mts': `${IMPORT} ${AWAIT} export const digest = new ingot.Image(name, { spec: 'web.yml' }).digest;`,
      },
    ],
    [
      'in TypeScript, for ts-node, with types checked',
      {
        'package.json': json({ main: 'index.ts' }),
        'index.ts': `${IMPORT} const made: ingot.Image = ${image('web')}; export const digest = made.digest;`,
        'tsconfig.json': json({ compilerOptions: { module: 'nodenext', target: 'es2022', strict: true } }),
      },
      () => ({ PULUMI_NODEJS_TRANSPILE_ONLY: 'false' }),
    ],
    [
      'in TypeScript, for tsx',
      {
        'package.json': json({ main: 'index.mts', type: 'module' }),
        // An enum is more than types can be stripped from.
        'index.mts': `${IMPORT} enum Name { web = 'web' } export const digest = new ingot.Image(Name.web, { spec: 'web.yml' }).digest;`,
      },
      () => ({ NODE_OPTIONS: `--import ${join(tsx, 'node_modules/tsx/dist/loader.mjs')}` }),
    ],
  ])('%s', async (_, files, environment) => {
    await using project = await projectOf(files);
    const { code, text } = await project.preview(environment?.());
    expect(code, text).toBe(0);
    expect(text).toMatch(/digest\s*: "sha256:[0-9a-f]{64}"/);
  });

  test('with many images, in components, and under --target', async () => {
    await using project = await projectOf({
      'index.ts': `
import * as pulumi from '@pulumi/pulumi';
import * as ingot from 'pulumi-ingot';
class Site extends pulumi.ComponentResource {
  readonly image: ingot.Image;
  constructor(name: string, options?: pulumi.ComponentResourceOptions) {
    super('test:index:Site', name, {}, options);
    this.image = new ingot.Image(name, { spec: ['web.yml', name + '.yml'] }, { parent: this });
    new ingot.local.ImageFile(name, { image: this.image, untested: true, format: 'tar', directory: 'pool' }, { parent: this });
    this.registerOutputs({ digest: this.image.digest });
  }
}
export const digests = Array.from({ length: 10 }, (_, at) => new Site('site' + at).image.digest);
`,
    });
    for (let at = 0; at < 10; at++) await project.write(`site${at}.yml`, page(`Hello ${at}`));
    const preview = await project.run(['preview']);
    expect(preview.code, preview.text).toBe(0);
    expect(preview.text).toMatch(/\+ 31 to create/);

    // Only what is named, and what it depends on: the lock travels with the image's inputs.
    const site = 'urn:pulumi:test::project::test:index:Site';
    const urn = (type: string) => `${site}$pulumi-nodejs:dynamic/ingot:${type}::site3`;
    const up = (...targets: string[]) =>
      project.run(['up', '--yes', '--skip-preview', ...targets.flatMap((target) => ['--target', target])]);
    const first = await up(`${site}::site3`, urn('Image'), urn('local.ImageFile'));
    expect(first.code, first.text).toBe(0);
    await project.write('site3.yml', page('Hello again'));
    const alone = await up(urn('local.ImageFile'));
    expect(alone.code, alone.text).toBe(0);
    expect(alone.text, 'the image was not targeted, so its file stays').not.toMatch(/replaced/);
    const both = await up(urn('Image'), urn('local.ImageFile'));
    expect(both.code, both.text).toBe(0);
    expect(both.text).toMatch(/\+-1 replaced/);
  });
});

function json(value: object): string {
  return JSON.stringify('main' in value ? { ...PACKAGE, ...value } : value);
}

function page(text: string): string {
  return `files:\n  - path: srv/web/other.html\n    contents: "${text}\\n"\n`;
}

/** With the image of the quickstart; it is removed at the end of the block that uses it. */
async function projectOf(files: Record<string, string>): Promise<Project & AsyncDisposable> {
  const project = await Project.create(files);
  await cp(join(QUICKSTART, 'web.yml'), join(project.directory, 'web.yml'));
  await mkdir(join(project.directory, 'page'));
  await cp(join(QUICKSTART, 'page/index.html'), join(project.directory, 'page/index.html'));
  return Object.assign(project, { [Symbol.asyncDispose]: () => project.remove() });
}
