import { describe, expect, test } from 'vitest';
import { encodePath } from '../format/path-text.js';
import { tarEnd, tarHeader, tarPadding } from '../format/tar-writer.js';
import type { ImageConfig, Spec } from '../model/index.js';
import { assemble } from './assemble.js';
import { describe as contentsOf } from './contents.js';
import { imageConfig, inputOf, layer, listing, lockOf, program, textIn } from './layers.fixture.js';

const images = (configs: Readonly<Record<string, Partial<ImageConfig>>>) => ({
  images: new Map(Object.entries(configs).map(([name, config]) => [name, imageConfig(config)])),
});

describe('assemble() of a service from an image', () => {
  const spec: Spec = { services: [{ name: 'web', image: 'example/web:1', uid: 'www', additionalGids: ['logs'] }] };
  const base = layer({
    'usr/bin/web': program(),
    'etc/passwd': 'root:x:0:0::/:/bin/sh\nwww:x:33:33::/:/bin/false\n',
    'etc/group': 'root:x:0:\nlogs:x:4:\n',
    'etc/hostname': 'builder',
    '.dockerenv': '',
    Dockerfile: 'FROM x',
    'dev/console': { type: 'char', device: { major: 5, minor: 1 } },
    'srv/Dockerfile': 'kept',
  });

  test('runs what the image says, as users that the image has', async () => {
    const config = { entrypoint: ['web'], command: ['-d'], env: ['A=1'], workingDirectory: '/srv', user: 'nobody' };
    const input = inputOf(spec, { 'example/web:1': [base] }, images({ 'example/web:1': config }));
    const tree = await assemble(input);
    const { process } = JSON.parse(await textIn(tree, 'containers/services/web/config.json'));
    expect(process).toMatchObject({
      args: ['web', '-d'],
      cwd: '/srv',
      user: { uid: 33, gid: 0, additionalGids: [4] },
    });
    expect(process.env).toContain('A=1');
    expect(process.env.some((one: string) => one.startsWith('PATH=/usr/local/sbin:'))).toBe(true);
    const contents = await contentsOf(tree, input);
    expect(contents.services.web).toMatch(/^web -d \(example\/web:1\) [0-9a-f]{12}$/);
    expect(contents.images['example/web:1']).toMatch(/^[0-9a-f]{12}$/);
    expect(contents.users).toMatchObject({ 'web/www': '33' });
  });

  test('leaves out what container engines leave behind', async () => {
    const input = inputOf(spec, { 'example/web:1': [base] }, images({ 'example/web:1': { entrypoint: ['web'] } }));
    const paths = Object.keys(listing(await assemble(input))).filter((path) => path.startsWith('containers/'));
    const left = paths.filter((path) => /hostname|dockerenv|Dockerfile|console/.test(path));
    expect(left).toEqual(['containers/services/web/lower/srv/Dockerfile']);
  });

  test('tells that an image has no command, and that a program is missing', async () => {
    const bare = inputOf(spec, { 'example/web:1': [base] }, images({ 'example/web:1': {} }));
    await expect(assemble(bare)).rejects.toThrow(/the image has neither an entry point nor a command; set `command`/);
    const typo = inputOf(spec, { 'example/web:1': [base] }, images({ 'example/web:1': { entrypoint: ['wbe'] } }));
    await expect(assemble(typo)).rejects.toThrow(/did you mean web\?/);
  });

  test('gives all that comes from a folder the time of the image', async () => {
    const input = inputOf(
      { services: [{ name: 'web', image: 'dir:web', command: ['web'] }] },
      { 'dir:web': [layer({ 'usr/bin/web': { ...(program() as object), mtimeSeconds: 0 } })] },
    );
    const pins = { 'dir:web': { kind: 'directory' as const, digest: input.lock.pins['dir:web'] && base.digest } };
    const tree = await assemble({ ...input, lock: lockOf(input.lock.spec, { pins: pins as never }) });
    const found = tree.entries.find(({ path }) => path.endsWith('usr/bin/web'));
    expect(found?.mtimeSeconds).toBe(1492533000);
  });
});

describe('assemble() of init images', () => {
  test('joins the lists of Alpine packages', async () => {
    const one = layer({ 'lib/apk/db/installed': 'P:musl\n' });
    const two = layer({ 'lib/apk/db/installed': 'P:runc\n' });
    const joined = await assemble(inputOf({ init: ['a:1', 'b:1'] }, { 'a:1': [one], 'b:1': [two] }));
    expect(await textIn(joined, 'lib/apk/db/installed')).toBe('P:musl\n\n\nP:runc\n\n\n');
    expect(joined.components.map(({ id }) => id)).toContain('init/1/image');
    const single = await assemble(inputOf({ init: ['a:1', 'b:1'] }, { 'a:1': [one], 'b:1': [layer({ x: '' })] }));
    expect(await textIn(single, 'lib/apk/db/installed')).toBe('P:musl\n');
  });
});

describe('assemble() of a kernel image', () => {
  const archive = tarOf({ 'lib/modules/6.12.1/kernel/x.ko': 'module', 'lib/modules/6.12.1/modules.dep': 'x.ko:\n' });
  const kernel = layer({
    kernel: { text: 'vmlinuz', mode: 0o600 },
    'kernel.tar': archive,
    'ucode.cpio': 'microcode',
    'kernel-dev.tar': 'x',
  });
  const init = layer({ 'usr/lib/x': '', lib: { link: 'usr/lib' } });
  const roots = { 'k:1': [kernel], 'i:1': [init] };

  test('takes the binary, the modules and the microcode, and nothing else', async () => {
    const spec = { kernel: { image: 'k:1', cmdline: 'quiet', ucode: 'ucode.cpio' }, init: ['i:1'] };
    const input = inputOf(spec, roots);
    const tree = await assemble(input);
    expect(listing(tree)).toMatchObject({
      'boot/kernel': '0600 0:0 7',
      'boot/cmdline': '0644 0:0 5',
      'boot/ucode.cpio': '0644 0:0 9',
      lib: '-> usr/lib',
      'usr/lib/modules/6.12.1/kernel/x.ko': '0644 0:0 6',
    });
    expect(await textIn(tree, 'usr/lib/modules/6.12.1/modules.dep')).toBe('x.ko:\n');
    expect(tree.entries.some(({ path }) => path.endsWith('.tar'))).toBe(false);
    expect((await contentsOf(tree, input)).kernel).toMatchObject({ version: '6.12.1', modules: 1 });
  });

  test.each([['none'], ['']])('unpacks nothing where `tar` is %j', async (tar) => {
    const tree = await assemble(inputOf({ kernel: { image: 'k:1', tar }, init: ['i:1'] }, roots));
    expect(tree.entries.some(({ path }) => path.includes('modules'))).toBe(false);
  });

  test.each([
    [{ binary: 'bzImage' }, 'no-kernel', 'kernel.binary', /it has no file bzImage/],
    [{ tar: 'modules.tar' }, 'no-kernel', 'kernel.tar', /set `tar` to its name, or to none/],
    [{ tar: 'kernel' }, 'bad-layer', undefined, /Cannot unpack kernel of the kernel/],
    [{ modules: ['wireguard'] }, 'bad-kernel', 'kernel.modules', /works with packages alone/],
  ])('refuses %j', async (settings, code, property, message) => {
    const made = assemble(inputOf({ kernel: { image: 'k:1', ...settings }, init: ['i:1'] }, roots));
    await expect(made).rejects.toThrow(message);
    await expect(made).rejects.toMatchObject({ code, ...(property ? { context: { property } } : {}) });
  });
});

function tarOf(files: Readonly<Record<string, string>>): string {
  const parts = Object.entries(files).flatMap(([path, text]) => [
    tarHeader({
      path: encodePath(path),
      type: 'file',
      mode: 0o644,
      uid: 0,
      gid: 0,
      mtimeSeconds: 1,
      sizeBytes: text.length,
    }),
    Buffer.from(text),
    tarPadding(text.length),
  ]);
  return Buffer.concat([...parts, tarEnd()]).toString('latin1');
}
