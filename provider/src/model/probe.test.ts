import { describe, expect, test } from 'vitest';
import { Probe, probeProblems, probeText } from './probe.js';

describe('Probe', () => {
  test.each([
    { command: { run: ['nginx', '-t'] } },
    { name: 'syntax', command: { run: ['a', '', 'b\n'], in: 'web', status: 255, output: 'x', timeoutSeconds: 600 } },
  ])('takes %j', (probe) => {
    expect(Probe.parse(probe)).toEqual(probe);
  });

  test.each([
    [{}, 'must have one of http, tcp, console, command and ready'],
    [{ command: { run: ['a'] }, ready: true }, 'must have one of'],
    [{ command: { run: [] } }, 'must have a program'],
    [{ command: { run: ['', 'a'] } }, 'must begin with a program'],
    [{ command: { run: ['a\0'] } }, 'must not have a NUL byte'],
    [{ command: { run: ['a', 'é'.repeat(4096)] } }, 'must be 8192 bytes at the most'],
    [{ command: { run: 'nginx -t' } }, 'expected array'],
    [{ command: { run: ['a'], status: 256 } }, 'Too big'],
    [{ command: { run: ['a'], user: 'x' } }, 'Unrecognized key'],
  ])('refuses %j', (probe, message) => {
    expect(Probe.safeParse(probe).error?.issues[0]?.message).toContain(message);
  });
});

describe('probeText()', () => {
  test.each([
    [{ command: { run: ['nginx', '-t'] } }, 'command "nginx -t"'],
    [{ command: { run: ['nginx', '-t'], in: 'web' } }, 'command "nginx -t" in web'],
    [{ command: { run: ['sh', '-c', 'a\nb'] } }, 'command "sh -c a\\nb"'],
    [{ command: { run: ['x'.repeat(100)] } }, `command "${'x'.repeat(80)}…"`],
    [{ name: 'syntax', command: { run: ['x'] } }, 'syntax'],
  ])('of %j', (probe, text) => {
    expect(probeText(probe)).toBe(text);
  });
});

describe('probeProblems()', () => {
  const lock = { spec: { services: [{ name: 'web' }, { name: 'db' }] }, guest: { version: 2 } };
  const run = ['x'];

  test('finds nothing wrong where the service is there, and with probes that ask from outside', () => {
    const probes = [{ command: { run, in: 'web' } }, { command: { run } }];
    expect(probeProblems(probes, lock)).toEqual([]);
    expect(probeProblems([{ tcp: { port: 1 } }, { ready: true }], { spec: {}, guest: null })).toEqual([]);
  });

  test.each([
    ['wbe', lock, 'the image has no service wbe; did you mean web?'],
    ['cache', lock, 'the image has no service cache; it has web, db'],
    ['web', { ...lock, spec: {} }, 'the image has no service web; it has none'],
    ['web', { ...lock, guest: null }, "the image has an init of its own, and only Ingot's runs commands"],
    [
      'web',
      { ...lock, guest: { version: 1 } },
      "version 1 of Ingot's init, which runs no commands; set pins to latest",
    ],
  ])('of a command in %s of %j', (service, where, reason) => {
    const probes = [{ tcp: { port: 1 } }, { command: { run, in: service } }];
    expect(probeProblems(probes, where)).toEqual([{ index: 1, reason: expect.stringContaining(reason) }]);
  });
});
