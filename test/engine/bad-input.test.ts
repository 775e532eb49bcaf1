import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../free-port.js';
import { Project } from './project.js';

const PROGRAM = `
import * as ingot from 'pulumi-ingot';
const image = new ingot.Image('web', { spec: 'web.yml' });
new ingot.local.Instance('web', { image, ports: [{ host: Number(process.env.TEST_PORT), guest: 80 }] });
`;
const QEMU = 'qemu-system-x86_64';
const KERNEL = 'kernel:\n  image: deb:linux-image-cloud-amd64\n';

const INGOT = join(__dirname, '../../provider/bin/ingot.js');

/** Without what the engine adds to several lines. */
function plain(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}

/** What a user may get wrong: each is found in the preview, exits with an error, and leaves nothing behind. */
describe('a preview of bad input', () => {
  let project: Project;
  let port: string;
  beforeAll(async () => {
    port = String(await freePort());
    project = await Project.create({ 'index.ts': PROGRAM, 'web.yml': KERNEL });
  });
  afterAll(() => project.remove());

  async function fails(spec: string, environment?: Record<string, string>): Promise<string> {
    await project.write('web.yml', spec);
    const { code, text } = await project.preview({ TEST_PORT: port, ...environment });
    expect(code, text).not.toBe(0);
    expect(await project.machines()).toEqual([]);
    return text;
  }

  test.each([
    ['an unknown key', 'kernel:\n  imgae: deb:x\n', [/web\.yml:2:3/, /"imgae"/, /did you mean "image"/]],
    ['a wrong type', `${KERNEL}services: web\n`, [/web\.yml:3:11/, /list/]],
    ['broken YAML', 'kernel: [\n', [/web\.yml:\d+:\d+/]],
    [
      'a missing file',
      `${KERNEL}files:\n  - path: a\n    source: nowhere.txt\n`,
      [/web\.yml:5:13: Cannot read nowhere\.txt/],
    ],
    [
      'an unknown package',
      `${KERNEL}services:\n  - { name: web, image: "deb:lightppd", command: [x] }\n`,
      [/web\.yml:4:25: .*no package lightppd; did you mean lighttpd\?/],
    ],
    [
      'a command that is not there',
      `${KERNEL}services:\n  - { name: web, image: "deb:lighttpd", command: [lightd] }\n`,
      [/web\.yml:4:50: Cannot run \\?"lightd/],
    ],
    [
      'a registry that cannot be reached',
      `${KERNEL}services:\n  - { name: web, image: "127.0.0.1:9/x:1" }\n`,
      [/web\.yml:4:25: Cannot .*127\.0\.0\.1:9/, /refuses/],
    ],
    [
      'a folder that is not there',
      `${KERNEL}services:\n  - { name: web, image: "dir:nowhere", command: [x] }\n`,
      [/web\.yml:4:25: Cannot .*nowhere/],
    ],
    ['a wrong sort of suite', `${KERNEL}debian:\n  suite: "../x"\n`, [/web\.yml:4:/, /suite/]],
  ])('shows %s', async (_name, spec, expected) => {
    const text = await fails(spec);
    for (const pattern of expected) expect(text).toMatch(pattern);
    expect(text, 'no stack traces').not.toMatch(/^\s+at .*\.js:\d+/m);
    // One failure, told once, in the words of the command.
    const words = await commandSays('inspect', 'web.yml');
    expect(words).not.toBe('');
    expect(plain(text).split(plain(words)), `${text}\n--- the command says:\n${words}`).toHaveLength(2);
  });

  function commandSays(...args: readonly string[]): Promise<string> {
    return new Promise((resolve) => {
      const options = { cwd: project.directory };
      execFile(process.execPath, [INGOT, ...args], options, (_error, _stdout, stderr) => resolve(stderr.trim()));
    });
  }

  test('says what makes an image larger than its budget', async () => {
    await project.write(
      'index.ts',
      PROGRAM.replace("'web.yml' }", "'web.yml', budget: { rootSizeBytes: 1_000_000, packages: 1 } }"),
    );
    try {
      const text = await fails(KERNEL);
      expect(text).toMatch(
        /all files together have \d+\.\d MB, and rootSizeBytes allows 1\.0 MB; the largest parts are kernel \(/,
      );
      expect(text).toMatch(/there are \d+ packages, and packages allows 1/);
      expect(text, 'not the whole description').not.toContain('components');
    } finally {
      await project.write('index.ts', PROGRAM);
    }
  });

  test.each([
    ["new ingot.Image('a', { spce: 'web.yml' })", 'there is no argument "spce"; did you mean spec?'],
    [
      "new ingot.BootTest('c', { image, probes: [{ http: { port: 80, pth: '/' } }] })",
      '[0].http: there is no "pth"; did you mean path?',
    ],
    [
      "new ingot.local.ImageFile('g', { image, untested: true, dirctory: 'pool' })",
      'there is no argument "dirctory"; did you mean directory?',
    ],
    ["new ingot.local.Instance('h', { image, disks: 'data' })", 'disks is no list of disks; pass a list of'],
    ["new ingot.Image('i')", "Cannot create the image 'i': it has no arguments; pass them as an object"],
  ])('names what is misspelt in a program that no compiler has seen: %s', async (line, expected) => {
    const [head = ''] = PROGRAM.split('new ingot.local');
    await project.write('index.ts', `${head}${line};\n`);
    try {
      const text = await fails(KERNEL);
      expect(plain(text)).toContain(expected);
      expect(text, 'no stack traces').not.toMatch(/^\s+at .*\.js:\d+/m);
    } finally {
      await project.write('index.ts', PROGRAM);
    }
  });

  test('says that a mirror cannot be reached', async () => {
    const text = await fails(KERNEL, {
      INGOT_CACHE: join(project.directory, '.state/cache-a'),
      INGOT_DEBIAN_MIRROR: 'http://127.0.0.1:9/debian',
      INGOT_DEBIAN_SECURITY_MIRROR: 'http://127.0.0.1:9/debian-security',
    });
    expect(text).toMatch(/127\.0\.0\.1:9/);
    expect(text).toMatch(/INGOT_DEBIAN_MIRROR|mirror/);
  });

  test('refuses a mirror whose signature is not by a trusted key', async () => {
    const server = createServer((_request, response) => response.end('Origin: Debian\nSuite: trixie\n'));
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    try {
      const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const text = await fails(KERNEL, {
        INGOT_CACHE: join(project.directory, '.state/cache-b'),
        INGOT_DEBIAN_MIRROR: `${address}/debian`,
        INGOT_DEBIAN_SECURITY_MIRROR: `${address}/debian-security`,
      });
      expect(text).toMatch(/sign/);
    } finally {
      server.close();
    }
  });

  test('names who holds a port that is in use', async () => {
    const server = createServer();
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    try {
      const { port } = server.address() as AddressInfo;
      const text = await fails(KERNEL, { TEST_PORT: String(port) });
      expect(text).toContain(`${port}`);
      expect(text).toMatch(/in use/);
      expect(text).toContain(`${process.pid}`);
    } finally {
      server.close();
    }
  });

  test('says which package brings QEMU, where there is none', async () => {
    // The engine and Node lie elsewhere; QEMU is where the distribution's programs are.
    const path = (process.env.PATH ?? '').split(delimiter).filter((folder) => !existsSync(join(folder, QEMU)));
    const text = await fails(KERNEL, { PATH: path.join(delimiter) });
    expect(text).toMatch(/qemu/i);
    expect(text).toMatch(/apt|dnf|pacman|brew/);
  });

  test('says that the cache cannot be written', async () => {
    const text = await fails(KERNEL, { INGOT_CACHE: '/dev/null/cache' });
    expect(text).toMatch(/\/dev\/null\/cache/);
  });
});
