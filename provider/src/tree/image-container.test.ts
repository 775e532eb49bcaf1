import { describe, expect, test } from 'vitest';
import type { Container } from '../model/index.js';
import { LABEL, withImage } from './image-container.js';
import { imageConfig } from './layers.fixture.js';

const web: Container = { name: 'web', image: 'example/web:1' };

function labelled(label: unknown, rest: Parameters<typeof imageConfig>[0] = {}) {
  return imageConfig({ ...rest, labels: { [LABEL]: typeof label === 'string' ? label : JSON.stringify(label) } });
}

describe('withImage()', () => {
  test('leaves a container of packages as it is', () => {
    expect(withImage(web, undefined, 'services[0]')).toBe(web);
  });

  test.each([
    [
      'the entry point with the command behind it',
      { entrypoint: ['/bin/web'], command: ['-p', '80'] },
      {},
      ['/bin/web', '-p', '80'],
    ],
    [
      'the command of the spec in place of both',
      { entrypoint: ['/bin/web'], command: ['x'] },
      { command: ['sh'] },
      ['sh'],
    ],
    ['nothing where nobody says anything', {}, {}, []],
  ])('runs %s', (_, config, spec, expected) => {
    expect(withImage({ ...web, ...spec }, imageConfig(config), 'services[0]').command).toEqual(expected);
  });

  test('asks the spec first, then the label, then the configuration', () => {
    const config = { env: ['A=image', 'B=image'], workingDirectory: '/image', entrypoint: ['image'] };
    const label = labelled({ env: ['A=label'], cwd: '/label', command: ['label'] }, config);
    expect(withImage(web, imageConfig(config), 'services[0]')).toMatchObject({ env: config.env, cwd: '/image' });
    expect(withImage(web, label, 'services[0]')).toMatchObject({ env: ['A=label'], cwd: '/label', command: ['label'] });
    const spec = { ...web, env: [], cwd: '/spec', command: ['spec'] };
    expect(withImage(spec, label, 'services[0]')).toMatchObject({ env: [], cwd: '/spec', command: ['spec'] });
  });

  test('starts in / where nobody says where, also with empty texts', () => {
    expect(withImage({ ...web, cwd: '' }, imageConfig(), 'services[0]').cwd).toBe('/');
  });

  test('takes all else from the label, in YAML or JSON', () => {
    const yaml = 'binds:\n - /var/run:/var/run\ncapabilities: [CAP_SYS_ADMIN]\npid: host\nreadonly: true\n';
    const expected = { binds: ['/var/run:/var/run'], capabilities: ['CAP_SYS_ADMIN'], pid: 'host', readonly: true };
    expect(withImage(web, labelled(yaml), 'services[0]')).toMatchObject(expected);
    expect(withImage(web, labelled(expected), 'services[0]')).toMatchObject(expected);
    expect(withImage({ ...web, pid: '', readonly: false }, labelled(expected), 'services[0]')).toMatchObject({
      pid: 'host',
      readonly: false,
    });
  });

  test.each([
    [{}, ['/a:/a', '/b:/b']],
    [{ 'binds.add': ['/b:/b', '/c:/c'] }, ['/a:/a', '/b:/b', '/c:/c']],
    [{ binds: [] }, []],
    [{ binds: ['/x:/x'], 'binds.add': ['/c:/c'] }, ['/x:/x']],
  ])('with %j binds what it should', (spec, expected) => {
    const label = labelled({ binds: ['/a:/a', '/b:/b'] });
    const made = withImage({ ...web, ...spec }, label, 'services[0]');
    expect(made.binds).toEqual(expected);
    expect(made['binds.add']).toBeUndefined();
  });

  test.each([
    [['all'], ['CAP_KILL'], ['all']],
    [['none'], ['CAP_KILL'], ['CAP_KILL']],
    [['none'], undefined, ['none']],
    [['CAP_CHOWN'], ['CAP_KILL', 'CAP_CHOWN'], ['CAP_CHOWN', 'CAP_KILL']],
  ])('of the capabilities %j and %j has %j', (label, added, expected) => {
    const spec = added === undefined ? web : { ...web, 'capabilities.add': added };
    expect(withImage(spec, labelled({ capabilities: label }), 'services[0]').capabilities).toEqual(expected);
  });

  test('merges what is prepared outside member by member', () => {
    const label = labelled({
      runtime: { mkdir: ['/var/a'], cgroups: ['x'], bindNS: { net: '/run/n', pid: '/run/p' } },
    });
    const runtime = { mkdir: ['/var/b'], bindNS: { net: '/run/own' } };
    expect(withImage({ ...web, runtime }, label, 'services[0]').runtime).toEqual({
      mkdir: ['/var/b'],
      cgroups: ['x'],
      bindNS: { net: '/run/own', pid: '/run/p' },
    });
  });

  test.each([
    ['{"name": "x"}', /its label .* is not one .*name/],
    ['{"bind": []}', /is not one/],
    ['[1, 2]', /is not one/],
    ['{"a": ', /neither JSON nor YAML/],
    ['a: &a [1]\nb: *a', /neither JSON nor YAML/],
    [`{"env": ["${'x'.repeat(70_000)}"]}`, /characters/],
  ])('refuses the label %j', (label, message) => {
    expect(() => withImage(web, labelled(label), 'services[0]')).toThrow(message);
    expect(() => withImage(web, labelled(label), 'services[0]')).toThrow(
      expect.objectContaining({ code: 'bad-label', context: { property: 'services[0].image' } }),
    );
  });
});
