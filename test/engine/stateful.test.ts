import { readFile, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from './processes.js';
import { Project } from './project.js';

const MIB = 2 ** 20;

/** The story of examples/stateful, as its README tells it; each test goes on where the last one ended. */
describe('a database on a disk', () => {
  let project: Project;
  let port: number;

  beforeAll(async () => {
    project = await Project.create('stateful');
    port = await project.choosePort();
  });
  afterAll(async () => {
    await project.run(['state', 'unprotect', '--all', '--yes']);
    await project.remove();
  });

  const set = (name: string, value: string) => project.run(['config', 'set', name, value]);

  /** What the README's commands say, with this test's port. Redis takes connections a moment before it has read its data. */
  const typed = (command: string): Promise<string> =>
    until(async () => {
      const answer = await typedOnce(command);
      return answer.startsWith('-LOADING') ? undefined : answer;
    }, 'a database that is loaded');
  async function typedOnce(command: string): Promise<string> {
    const readme = await readFile(join(project.directory, 'README.md'), 'utf8');
    const [define = ''] = /^ask\(\) .*$/m.exec(readme) ?? [];
    expect(readme).toContain(`\n${command}\n`);
    const { text } = await project.shell(`${define.replace('6379', String(port))}\n${command}`);
    return text.replaceAll('\r', '').trim();
  }

  test('up() makes the disk and the machine, and a value can be written', async () => {
    const { code, text } = await project.up();
    expect(code, text).toBe(0);
    expect(text).not.toContain('warning: the old machine');
    expect(await project.output('endpoint')).toBe(`127.0.0.1:${port}`);
    expect((await stat(await project.output('file'))).size).toBe(256 * MIB);
    expect(await typed("ask 'SET greeting hello' 1")).toBe('+OK');
  });

  test('preview() of another image says that the old machine goes first', async () => {
    await project.write('redis.conf', 'bind 0.0.0.0\nprotected-mode no\ndir /data\nappendonly yes\nsave ""\n');
    const { code, text } = await project.preview();
    expect(code, text).toBe(0);
    expect(text).toMatch(/\+-\s*pulumi-nodejs:dynamic\/ingot:local\.Instance: \(replace\)/);
    expect(text).toMatch(/warning: the old machine ends before the new one starts, since a disk can only be in one/);
    expect(text, 'no progress where nobody looks').not.toMatch(/^checking$/m);
  });

  test('up() with a larger disk replaces the machine, and the value is still there', async () => {
    const before = await project.resource('ingot:local.Instance::db');
    await set('sizeMiB', '320');
    const { code, text } = await project.up();
    expect(code, text).toBe(0);
    expect((await project.resource('ingot:local.Instance::db')).id).not.toBe(before.id);
    expect(await typed("ask 'GET greeting' 2")).toBe('$5\nhello');
    expect((await stat(await project.output('file'))).size).toBe(320 * MIB);
    expect(await project.machines()).toHaveLength(1);
  });

  test('preview() of a larger disk alone leaves the machine as it is', async () => {
    await set('sizeMiB', '384');
    const { code, text } = await project.preview();
    expect(code, text).toBe(0);
    expect(text).toMatch(/sizeMiB: 320 => 384/);
    expect(text).not.toContain('local.Instance');
    await set('sizeMiB', '320');
  });

  test('preview() refuses to make the disk smaller', async () => {
    await set('sizeMiB', '128');
    const { code, text } = await project.preview();
    expect(code).not.toBe(0);
    expect(text).toMatch(/128 is less than the 320 that the disk has: what is behind would be lost/);
    await set('sizeMiB', '320');
  });

  test('destroy() is refused while the disk is protected, and says so', async () => {
    const { code, text } = await project.run(['destroy', '--yes']);
    expect(code).not.toBe(0);
    expect(text).toMatch(/local\.Disk::data.*protect/s);
    expect(await ask(port, 'GET greeting')).toBe('hello');
  });

  test('destroy() takes all with it once the program says protect: false', async () => {
    const file = await project.output('file');
    await set('protect', 'false');
    const up = await project.up();
    expect(up.code, up.text).toBe(0);
    const { code, text } = await project.run(['destroy', '--yes', '--skip-preview']);
    expect(code, text).toBe(0);
    expect(await project.machines()).toEqual([]);
    await expect(stat(file)).rejects.toThrow(/ENOENT/);
  });
});

/** The answer to one of Redis's inline commands: its first line, or the value that follows its length. */
function ask(port: number, command: string): Promise<string> {
  return new Promise((done, fail) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(`${command}\r\n`));
    socket.setEncoding('utf8').setTimeout(300_000, () => socket.destroy(new Error('it does not answer')));
    let text = '';
    socket.on('data', (data) => {
      text += data;
      const [first = '', second] = text.split('\r\n');
      const answer = first.startsWith('$') ? second : first;
      if (answer === undefined || !text.endsWith('\r\n')) return;
      socket.destroy();
      done(answer);
    });
    socket.on('error', fail);
    socket.on('close', () => fail(new Error(`it said ${JSON.stringify(text)} and no more`)));
  });
}
