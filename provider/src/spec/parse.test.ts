import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse as parseYaml, stringify } from 'yaml';
import { z } from 'zod';
import { Spec } from '../model/spec.js';
import { describeProblem, SpecError } from './error.js';
import { parseSources, parseSpec, type SpecSource } from './parse.js';

const EVERY_FIELD = readFileSync(join(__dirname, 'testdata/every-field.yml'), 'utf8');

function errorOf(...sources: readonly SpecSource[]): SpecError {
  try {
    parseSpec(sources);
  } catch (error) {
    if (error instanceof SpecError) return error;
    throw error;
  }
  throw new Error('parsed without a problem');
}

const web = (text: string): SpecSource => ({ name: 'web.yml', text });
const object = (value: unknown): SpecSource => ({ name: 'spec', object: value });

describe('parseSpec() tells line, column and what to do, for', () => {
  it.each([
    [
      'a misspelt key',
      'services:\n  - name: web\n    imge: deb:lighttpd\n',
      'web.yml:3:5: unknown key "imge" in services[0]; did you mean "image"?\n' +
        '  3 |     imge: deb:lighttpd\n' +
        '    |     ^^^^',
    ],
    [
      'a wrong type',
      'services:\n- name: web\n  image: x\n  command: 5\n',
      'web.yml:4:12: services[0].command must be a list of texts, got a number\n  4 |   command: 5\n    |            ^',
    ],
    [
      'a key that is not there',
      'services:\n- name: web\n',
      'web.yml:2:3: services[0] has no "image"; wanted a text\n  2 | - name: web\n    |   ^',
    ],
    [
      'a number for a text',
      'files: [{ path: a, contents: "", mode: 0644 }]',
      'web.yml:1:40: files[0].mode must be a text, got a number; put it in quotes\n' +
        '  1 | files: [{ path: a, contents: "", mode: 0644 }]\n' +
        '    |                                        ^^^^',
    ],
    [
      'a choice',
      'platform: linux/amd46',
      'web.yml:1:11: platform must be "linux/amd64" or "linux/arm64", got "linux/amd46"; did you mean "linux/amd64"?\n' +
        '  1 | platform: linux/amd46\n' +
        '    |           ^^^^^^^^^^^',
    ],
    [
      'a key without a value',
      'services:\n',
      'web.yml:1:10: services must be a list of maps, got nothing\n  1 | services:\n    |          ^',
    ],
    [
      'a duplicate key',
      'hostname: a\nhostname: b',
      'web.yml:2:1: the key "hostname" is in the spec twice; keep one of them\n  2 | hostname: b\n    | ^^^^^^^^',
    ],
    [
      'a tab',
      'init:\n\t- x',
      'web.yml:2:1: this is not YAML that can be read: a tab cannot indent; use spaces\n  2 |  - x\n    | ^',
    ],
    [
      'a value with a colon',
      'hostname: a: b',
      'web.yml:1:11: this is not YAML that can be read: a value cannot hold ": " unless it is in quotes\n' +
        '  1 | hostname: a: b\n' +
        '    |           ^',
    ],
    [
      'an open list',
      'init: [a\n',
      'web.yml:2:1: this is not YAML that can be read: a "]" is missing before this, or is not indented\n' +
        '  2 | \n' +
        '    | ^',
    ],
    [
      'a second document',
      'init: []\n---\ninit: []\n',
      'web.yml:2:1: this is not YAML that can be read: a second document starts here; put each into a file of its own, and name both\n' +
        '  2 | ---\n' +
        '    | ^',
    ],
    [
      'a tag',
      'hostname: !!binary aGk=',
      'web.yml:1:20: hostname has the tag "!!binary"; wanted plain YAML without tags\n' +
        '  1 | hostname: !!binary aGk=\n' +
        '    |                    ^^^^',
    ],
    [
      'another YAML',
      '%YAML 1.1\n---\ninit: []',
      'web.yml:1:1: the directive asks for YAML 1.1; wanted 1.2: remove the directive\n  1 | %YAML 1.1\n    | ^',
    ],
    [
      'an alias without an anchor',
      'init: *x',
      'web.yml:1:7: the alias "*x" has no anchor before it\n  1 | init: *x\n    |       ^^',
    ],
    [
      'an alias of itself',
      'init: &x [*x]',
      'web.yml:1:11: the alias "*x" is inside of what it stands for\n  1 | init: &x [*x]\n    |           ^^',
    ],
    [
      'what LinuxKit has and Ingot has not',
      'trust: []',
      'web.yml:1:1: unknown key "trust" in the spec; LinuxKit itself ignores it: remove it\n  1 | trust: []\n    | ^^^^^',
    ],
    ['an empty text', '', 'web.yml: the spec is empty; wanted a map'],
    ['comments alone', '# nothing\n', 'web.yml: the spec is empty; wanted a map'],
    ['a list', '- a', 'web.yml:1:1: the spec must be a map, got a list\n  1 | - a\n    | ^'],
    [
      'a text after a byte order mark, with other line ends',
      '\ufeffinit: []\r\nhostname: "-"\r\n',
      'web.yml:2:11: hostname must be a host name: at most 64 letters, digits, dashes and dots, got "-"\n' +
        '  2 | hostname: "-"\n' +
        '    |           ^^^',
    ],
    [
      'a text that a terminal would act upon',
      'hostname: "\u001b[31m\u202e"',
      'web.yml:1:11: hostname must be a host name: at most 64 letters, digits, dashes and dots, got "\\u001b[31m\ufffd"\n' +
        '  1 | hostname: "\ufffd[31m\ufffd"\n' +
        '    |           ^^^^^^^^',
    ],
    [
      'the end of a long line',
      `init: [${'x, '.repeat(60)}5]`,
      'web.yml:1:188: init[60] must be a text, got a number; put it in quotes\n' +
        `  1 | … ${'x, '.repeat(13)}5]
` +
        `    | ${' '.repeat(41)}^`,
    ],
  ])('%s', (_, text, message) => {
    expect(errorOf(web(text)).message).toBe(message);
  });

  it('every problem of every source, in their order', () => {
    const error = errorOf(web('inti: []\nfiles: [{ path: ../x }]\n'), { name: 'b.yml', text: 'services: [5]' });
    expect(
      error.problems.map(({ code, property, path, line, column }) => [code, property, path, line, column]),
    ).toEqual([
      ['unknown-key', 'inti', 'web.yml', 1, 1],
      ['missing', 'files[0]', 'web.yml', 2, 9],
      ['invalid-value', 'files[0].path', 'web.yml', 2, 17],
      ['wrong-type', 'services[0]', 'b.yml', 1, 12],
    ]);
    expect(error.code).toBe('unknown-key');
    expect(error.context).toEqual({ property: 'inti', path: 'web.yml', line: 1, column: 1 });
    expect(error.message).toBe(error.problems.map(describeProblem).join('\n'));
  });

  it('one mistake once', () => {
    const text = 'files: [{ path: a, sorce: b }]\nservices: [{ name: a, image: x, binds: "/a" }]';
    expect(errorOf(web(text)).problems.map(({ property }) => property)).toEqual([
      'files[0].sorce',
      'services[0].binds',
    ]);
  });

  it('the first of very many', () => {
    const { message, problems } = errorOf(web(Array.from({ length: 5000 }, (_, index) => `k${index}: 1`).join('\n')));
    expect(problems).toHaveLength(1000);
    expect(message.endsWith('\nand 975 more')).toBe(true);
  });
});

describe('parseSpec() of an object', () => {
  it.each([
    [{ services: [{ name: 'a', image: 5 }] }, 'spec: services[0].image must be a text, got a number'],
    [{ services: [{ name: 'a', imag: 'x' }] }, 'spec: unknown key "imag" in services[0]; did you mean "image"?'],
    [{ files: new Date(0) }, 'spec: files must be plain data, got an object of the class "Date"'],
    [{ hostname: () => 'x' }, 'spec: hostname must be plain data, got a function'],
    [{ init: [undefined] }, 'spec: init[0] must be a text, got nothing'],
    [{ init: Array(1) }, 'spec: init[0] must be a text, got nothing'],
    [JSON.parse('{"__proto__": 5}'), 'spec: unknown key "__proto__" in the spec'],
    [null, 'spec: the spec is empty; wanted a map'],
    ['text', 'spec: the spec must be a map, got a text'],
  ])('%j tells the property', (value, message) => {
    expect(errorOf(object(value)).message).toBe(message);
  });

  it('ends for an object that holds itself', () => {
    const value: Record<string, unknown> = {};
    value.services = [value];
    expect(errorOf(object(value)).code).toBe('limit');
  });

  it('ends for an object that repeats itself more than the memory could hold', () => {
    let value: unknown = 'x';
    for (let depth = 0; depth < 30; depth++) value = [value, value, value, value];
    expect(errorOf(object(value)).message).toMatch(/^spec: (\[\d\])+ holds more than 200000 values$/);
  });

  it('leaves members that are undefined out, and shares nothing with what it was given', () => {
    const given = { hostname: undefined, init: ['linuxkit/init:v1'] };
    const spec = parseSpec([object(given)]);
    expect(spec).toEqual({ init: ['linuxkit/init:v1'] });
    expect(Object.keys(spec)).toEqual(['init']);
    expect(spec.init).not.toBe(given.init);
  });
});

/** What needs Ingot's own init, and what brings another: no spec has both. */
const EXCLUSIVE = [['disks', 'network'], ['init']];

/** The example without some of its top-level keys. */
function exampleWithout(keys: readonly string[]): string {
  return EVERY_FIELD.replace(new RegExp(`^(?:${keys.join('|')}):.*\\n(?:[ #].*\\n)*`, 'gm'), '');
}

describe.each(EXCLUSIVE.map((keys) => [keys.join(' and '), keys] as const))(
  'parseSpec() keeps, without %s,',
  (_, keys) => {
    const text = exampleWithout(keys);
    const parsed = parseSpec([web(text)]);

    it('every field, as it is written', () => {
      expect(text).not.toBe(EVERY_FIELD);
      expect(parsed).toEqual(parseYaml(text, { merge: true }));
    });

    it('the same from an object and from JSON', () => {
      expect(parseSpec([object(parsed)])).toEqual(parsed);
      expect(parseSpec([web(JSON.stringify(parsed, null, 2))])).toEqual(parsed);
      expect(parseSpec([web(stringify(parsed))])).toEqual(parsed);
    });
  },
);

it('parseSpec() keeps every option of the schema: the example has them all', () => {
  const used = new Map<z.ZodObject, Set<string>>();
  for (const keys of EXCLUSIVE) collect(Spec, parseSpec([web(exampleWithout(keys))]), used);
  for (const [schema, keys] of used) expect([...keys].sort()).toEqual(Object.keys(schema.shape).sort());
  expect(used.size).toBeGreaterThan(15);
});

/** Notes which keys of every map of the schema a value has somewhere. */
function collect(schema: z.core.$ZodType, value: unknown, used: Map<z.ZodObject, Set<string>>): void {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) collect(schema.unwrap(), value, used);
  else if (schema instanceof z.ZodArray) for (const item of value as unknown[]) collect(schema.element, item, used);
  else if (schema instanceof z.ZodRecord) {
    for (const item of Object.values(value as object)) collect(schema.valueType, item, used);
  } else if (schema instanceof z.ZodUnion) {
    // Of the unions of the schema, one branch at the most is a map.
    const map = schema.options.find((option) => option instanceof z.ZodObject);
    if (map !== undefined && typeof value === 'object' && !Array.isArray(value)) collect(map, value, used);
  } else if (schema instanceof z.ZodObject) {
    const keys = used.get(schema) ?? new Set();
    used.set(schema, keys);
    for (const [key, item] of Object.entries(value as object)) {
      keys.add(key);
      collect(schema.shape[key], item, used);
    }
  }
}

describe('parseSpec() merges several sources', () => {
  it('joins lists, and lets the later of single values win', () => {
    const base = {
      kernel: { image: 'deb:linux-image-amd64', cmdline: 'quiet', ucode: 'u', modules: ['a'] },
      init: ['linuxkit/init:v1'],
      services: [{ name: 'a', image: 'x' }],
      hostname: 'one',
      debian: { suite: 'trixie', mirror: 'http://one.example/' },
    };
    const more = {
      kernel: { cmdline: 'debug', binary: '', tar: '', ucode: '', modules: ['b'] },
      init: ['linuxkit/runc:v1'],
      services: [{ name: 'b', image: 'y' }],
      files: [{ path: 'a', contents: '' }],
      hostname: 'two',
      debian: { mirror: 'http://two.example/' },
    };
    expect(parseSpec([object(base), web(stringify(more))])).toEqual({
      kernel: { image: 'deb:linux-image-amd64', cmdline: 'debug', tar: '', ucode: '', modules: ['a', 'b'] },
      init: ['linuxkit/init:v1', 'linuxkit/runc:v1'],
      services: [
        { name: 'a', image: 'x' },
        { name: 'b', image: 'y' },
      ],
      files: [{ path: 'a', contents: '' }],
      hostname: 'two',
      debian: { suite: 'trixie', mirror: 'http://two.example/' },
    });
  });

  it('has services differ over all of them, and tells the place in the second', () => {
    const a = { name: 'a.yml', text: 'services: [{ name: web, image: x }]' };
    const b = { name: 'b.yml', text: 'services:\n- name: other\n  image: x\n- name: web\n  image: x\n' };
    expect(errorOf(a, b).message).toBe(
      'b.yml:4:9: services[1].name is "web" again; services must differ in their names; the first is services[0] of a.yml\n' +
        '  4 | - name: web\n' +
        '    |         ^^^',
    );
  });

  it('joins packages, users, authorities, time servers and repositories, and tells their places', () => {
    const part = (name: string, uid: number) => ({
      packages: [name],
      users: [{ name, uid }],
      ca: [{ source: `${name}.pem` }],
      ntp: [`${name}.example`],
      debian: { repositories: [{ url: `https://${name}.example/`, suites: ['./'], signedBy: `${name}.asc` }] },
    });
    const [one, two] = [stringify(part('one', 1)), stringify(part('two', 2))];
    const { spec, placeOf } = parseSources([
      { name: 'one.yml', text: one },
      { name: 'b/two.yml', text: two, directory: 'b' },
    ]);
    expect(spec.packages).toEqual(['one', 'two']);
    expect(spec.users?.map(({ uid }) => uid)).toEqual([1, 2]);
    expect(spec.ca).toEqual([{ source: 'one.pem' }, { source: 'b/two.pem' }]);
    expect(spec.ntp).toEqual(['one.example', 'two.example']);
    expect(spec.debian?.repositories?.map(({ signedBy }) => signedBy)).toEqual(['one.asc', 'b/two.asc']);
    expect(placeOf('debian.repositories[1].signedBy')).toMatchObject({ path: 'b/two.yml' });
    expect(placeOf('packages[1]')).toMatchObject({ path: 'b/two.yml', line: 2 });
    expect(errorOf(web(one), web(one)).message).toContain(
      'users[0].name is "one" again; users must differ in their names; the first is users[0]',
    );
  });

  it('lets a later file stand over an earlier one of the same path', () => {
    const text = 'files: [{ path: a, contents: "" }]';
    expect(parseSpec([web(text), web(text)]).files).toHaveLength(2);
  });

  it('finds the containers that ids name in any of them', () => {
    const a = web('files: [{ path: a, contents: "", uid: b }]');
    expect(() => parseSpec([a, web('onboot: [{ name: b, image: x }]')])).not.toThrow();
    expect(errorOf(a).code).toBe('invalid-value');
  });

  it('of nothing is nothing', () => {
    expect(parseSpec([])).toEqual({});
  });

  it('makes sources of files relative to the folder that the directory is relative to', () => {
    const files = (...sources: string[]) =>
      stringify({ files: sources.map((source, index) => ({ path: `f${index}`, source })) });
    const sources = (directory: string) =>
      parseSpec([
        { name: 'a.yml', text: files('x', './y/z', '../w', '/abs', '~/home'), directory },
        { name: 'b.yml', text: files('top') },
      ]).files?.map(({ source }) => source);
    expect(sources('examples/quickstart')).toEqual([
      'examples/quickstart/x',
      'examples/quickstart/y/z',
      'examples/quickstart/../w',
      '/abs',
      '~/home',
      'top',
    ]);
    expect(sources('..')?.slice(0, 2)).toEqual(['../x', '../y/z']);
    expect(sources('/srv/')?.slice(0, 2)).toEqual(['/srv/x', '/srv/y/z']);
    expect(sources('')?.slice(0, 2)).toEqual(['x', './y/z']);
  });
});

describe('parseSpec() with images on this machine', () => {
  it('makes their paths relative to the folder that the directory is relative to', () => {
    const digest = `sha256:${'0'.repeat(64)}`;
    const text = stringify({
      kernel: { image: 'docker-archive:k.tar:kernel:1' },
      init: ['dir:./init', 'dir:.', 'deb:busybox', 'linuxkit/init:v1', `oci:/abs@${digest}`],
      services: [
        { name: 'web', image: 'oci:../images:web' },
        { name: 'own', image: 'deb:./own_1.0_amd64.deb,nginx,/abs/x.deb' },
      ],
      packages: ['curl', 'debs/tool.deb'],
    });
    const { kernel, init, services, packages } = parseSpec([{ name: 'a.yml', text, directory: 'sub' }]);
    expect(kernel?.image).toBe('docker-archive:sub/k.tar:kernel:1');
    expect(init).toEqual(['dir:sub/init', 'dir:sub/.', 'deb:busybox', 'linuxkit/init:v1', `oci:/abs@${digest}`]);
    expect(services?.[0]?.image).toBe('oci:sub/../images:web');
    expect(services?.[1]?.image).toBe('deb:sub/own_1.0_amd64.deb,nginx,/abs/x.deb');
    expect(packages).toEqual(['curl', 'sub/debs/tool.deb']);
  });
});

describe('parseSources() tells places afterwards', () => {
  const { placeOf } = parseSources([
    { name: 'a.yml', text: 'kernel: { image: x }\nfiles:\n- path: a\n  contents: ""\n' },
    { name: 'b.yml', text: '\ufefffiles:\n- path: b\n  source: missing.txt\n' },
    { name: 'spec', object: { services: [{ name: 'a', image: 'x' }] } },
  ]);

  it.each([
    [
      'files[1].source',
      { path: 'b.yml', line: 3, column: 11, excerpt: '  3 |   source: missing.txt\n    |           ^^^^^^^^^^^' },
    ],
    [
      'kernel.image',
      { path: 'a.yml', line: 1, column: 18, excerpt: '  1 | kernel: { image: x }\n    |                  ^' },
    ],
    ['kernel.cmdline', { path: 'a.yml', line: 1, column: 9, excerpt: '  1 | kernel: { image: x }\n    |         ^' }],
    ['services[0]["binds.add"]', { path: 'spec' }],
    ['services[', undefined],
  ])('of %s', (property, place) => {
    expect(placeOf(property)).toEqual(place);
  });
});
