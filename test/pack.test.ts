import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { again } from './again.js';
import { freePort } from './free-port.js';
import { missingPrograms, skipAllBecause } from './skip.js';

const ROOT = resolve(__dirname, '..');
const PNPM = 'pnpm@12.21.0';

const PROGRAM = `
import * as ingot from 'pulumi-ingot';

const image = new ingot.Image('web', { spec: 'web.yml' });

export const digest = image.digest;
`;
const SPEC = `
kernel: { image: "deb:linux-image-cloud-amd64" }
services:
  - name: web
    image: deb:busybox-static
    command: [busybox, httpd, -f, -h, /usr/share]
`;
/** As \`pulumi new typescript\` writes it. */
const TSCONFIG = {
  compilerOptions: { strict: true, outDir: 'bin', target: 'es2020', module: 'commonjs', moduleResolution: 'node' },
};

let folder: string;
let packed: readonly Packed[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ingot-pack-'));
  const args = ['pack', '--json', '--pack-destination', folder, '-w', 'ingot', '-w', 'pulumi-ingot'];
  packed = Object.values(JSON.parse(await run('npm', args, ROOT)) as readonly Packed[]);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('npm pack', () => {
  test.each(['ingot', 'pulumi-ingot'])('%s has what a user needs, and nothing else', async (name) => {
    const { files, size, unpackedSize } = packedOf(name);
    const paths = files.map(({ path }) => path);
    console.log(`${name}: ${files.length} files, ${kilobytes(size)} packed, ${kilobytes(unpackedSize)} unpacked`);
    expect(paths).toEqual(expect.arrayContaining(['package.json', 'README.md', 'LICENSE', 'dist/index.js']));
    expect(paths.filter((path) => /\.(test|fixture|bench)\.|\.map$|tsbuildinfo|testdata/.test(path))).toEqual([]);
    const sources = paths.filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts'));
    expect(sources).toEqual([]);
  });

  test('every path that a package.json names is there', async () => {
    for (const [name, home] of Object.entries({ ingot: 'provider', 'pulumi-ingot': 'sdk' })) {
      const paths = packedOf(name).files.map(({ path }) => `./${path}`);
      const { exports, bin = {} } = JSON.parse(await readFile(join(ROOT, home, 'package.json'), 'utf8')) as Manifest;
      const named = [...Object.values(exports).flatMap(leaves), ...Object.values(bin).map((path) => `./${path}`)];
      expect(paths, name).toEqual(expect.arrayContaining(named));
    }
  });
});

describe.each(['npm', 'pnpm'] as const)('a program in an empty folder, with %s', (manager) => {
  skipAllBecause(missingPrograms('pulumi'));

  test.each([
    ['as a copy of the quickstart', copyQuickstart],
    ['in a folder that main: names', writeProgram],
  ])('%s previews', async (_, write) => {
    const project = await mkdtemp(join(folder, `${manager}-`));
    await write(project);
    await useThesePackages(project, manager);

    // A store of its own: hard links into the user's would let a test change it.
    const pnpm = ['exec', '--yes', `--package=${PNPM}`, '--', 'pnpm', 'install', `--store-dir=${folder}/store`];
    const npm = ['install', '--no-audit', '--no-fund'];
    await again(() => run('npm', manager === 'npm' ? npm : pnpm, project));

    await pulumi(['stack', 'init', 'test'], project);
    // The one that the quickstart would publish may be in use on this host.
    await pulumi(['config', 'set', 'port', String(await freePort())], project);
    const text = await pulumi(['preview', '--diff'], project);
    expect(text).toMatch(/digest\s*:\s*"sha256:[0-9a-f]{64}"/);
  });
});

/** All that its README says to do first: nothing that it needs may be in the checkout alone. */
async function copyQuickstart(project: string): Promise<void> {
  await cp(join(ROOT, 'examples/quickstart'), project, {
    recursive: true,
    filter: (path) => !path.includes('node_modules'),
  });
}

async function writeProgram(project: string): Promise<void> {
  const { devDependencies } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as Manifest;
  const files: Record<string, string> = {
    'Pulumi.yaml': 'name: elsewhere\nruntime: nodejs\nmain: infra\n',
    'package.json': JSON.stringify({
      name: 'elsewhere',
      private: true,
      dependencies: { '@pulumi/pulumi': devDependencies['@pulumi/pulumi'] },
      devDependencies: { typescript: '^5.9.0', '@types/node': '^24.0.0' },
    }),
    'infra/index.ts': PROGRAM,
    'infra/web.yml': SPEC,
    'infra/tsconfig.json': JSON.stringify(TSCONFIG),
  };
  await mkdir(join(project, 'infra'));
  for (const [path, text] of Object.entries(files)) await writeFile(join(project, path), text);
}

/** The packages of the same version that are published, or will be, must not take the place of these. */
async function useThesePackages(project: string, manager: 'npm' | 'pnpm'): Promise<void> {
  const [ingot, sdk] = ['ingot', 'pulumi-ingot'].map((name) => `file:${join(folder, packedOf(name).filename)}`);
  const path = join(project, 'package.json');
  const manifest = JSON.parse(await readFile(path, 'utf8')) as Record<string, object>;
  manifest.dependencies = { ...manifest.dependencies, 'pulumi-ingot': sdk };
  if (manager === 'npm') manifest.overrides = { ingot };
  else await writeFile(join(project, 'pnpm-workspace.yaml'), pnpmSettings(ingot));
  await writeFile(path, JSON.stringify(manifest));
}

/** pnpm wants an answer for each dependency with an install script; Pulumi works without this one's. */
function pnpmSettings(ingot: string | undefined): string {
  return `overrides:\n  ingot: ${ingot}\nallowBuilds:\n  protobufjs: false\n`;
}

async function pulumi(args: readonly string[], project: string): Promise<string> {
  const state = join(project, '.state');
  await mkdir(state, { recursive: true });
  return run('pulumi', [...args, '--non-interactive', '--color', 'never'], project, {
    PULUMI_HOME: join(project, '.pulumi'),
    PULUMI_BACKEND_URL: pathToFileURL(state).href,
    PULUMI_CONFIG_PASSPHRASE: '',
    PULUMI_SKIP_UPDATE_CHECK: 'true',
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: 'true',
  });
}

/** What a program prints to stdout; its failure says what it printed to both. */
function run(
  program: string,
  args: readonly string[],
  cwd: string,
  extra: Record<string, string> = {},
): Promise<string> {
  // Under npm's own variables another npm would work in this checkout.
  const inherited = Object.entries(process.env).filter(([name]) => !/^npm_(config_local_prefix|package_)/.test(name));
  const env = { ...Object.fromEntries(inherited), ...extra };
  return new Promise((done, fail) => {
    execFile(program, args, { cwd, env, maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
      if (error) fail(new Error(`${program} ${args.join(' ')}: ${error.message}\n${stdout}`));
      else done(stdout || stderr);
    });
  });
}

function packedOf(name: string): Packed {
  const found = packed.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`npm pack made no ${name}`);
  return found;
}

function leaves(value: string | Record<string, string>): string[] {
  return typeof value === 'string' ? [value] : Object.values(value);
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(0)} kB`;
}

interface Packed {
  readonly name: string;
  readonly filename: string;
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

interface Manifest {
  readonly exports: Record<string, string | Record<string, string>>;
  readonly bin?: Record<string, string>;
  readonly devDependencies: Record<string, string>;
}
