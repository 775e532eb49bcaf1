import { describe, expect, test } from 'vitest';
import type { Container } from '../model/index.js';
import { assemble } from './assemble.js';
import { describe as describeTree } from './contents.js';
import { deb, imageConfig, inputOf, layer, listing, program, textIn } from './layers.fixture.js';
import { supervisionText } from './supervision.js';

const web: Container = { name: 'web', image: 'deb:web', command: ['web'] };
const packages = [deb('web', { 'usr/bin/web': program() })];

describe('supervisionText()', () => {
  test.each<[Partial<Container>, string | undefined]>([
    [{}, undefined],
    [{ after: [], secrets: [], optional: false }, undefined],
    [{ optional: true }, '{"optional":true}\n'],
    [{ after: ['b', 'a'], secrets: ['k'] }, '{"after":["b","a"],"secrets":["k"]}\n'],
    [{ restart: {} }, '{"restart":{"backoffSeconds":1,"maxBackoffSeconds":60,"policy":"always"}}\n'],
    [
      { restart: { policy: 'on-failure', limit: 0 }, stop: { timeoutSeconds: 0 } },
      '{"restart":{"backoffSeconds":1,"limit":0,"maxBackoffSeconds":60,"policy":"on-failure"},' +
        '"stop":{"signal":"SIGTERM","timeoutSeconds":0}}\n',
    ],
    [
      { health: { http: { port: 80 }, retries: 1 } },
      '{"health":{"http":{"path":"/","port":80},"intervalSeconds":10,"retries":1,"startPeriodSeconds":60,"timeoutSeconds":5}}\n',
    ],
    [
      { health: { command: ['test', '-e', '/x'] } },
      '{"health":{"command":["test","-e","/x"],"intervalSeconds":10,"retries":3,"startPeriodSeconds":60,"timeoutSeconds":5}}\n',
    ],
  ])('of %j is %j', (options, text) => {
    expect(supervisionText({ ...web, ...options })).toBe(text);
  });
});

describe('assemble()', () => {
  const tree = (options: Partial<Container>) =>
    assemble(inputOf({ services: [{ ...web, ...options }] }, { 'deb:web': packages }));

  test('lays ingot.json beside config.json where the spec says something, and only there', async () => {
    expect(listing(await tree({}))).not.toHaveProperty('containers/services/web/ingot.json');
    const supervised = await tree({ restart: { policy: 'never' } });
    expect(JSON.parse(await textIn(supervised, 'containers/services/web/ingot.json')).restart.policy).toBe('never');
    expect(listing(supervised)['containers/services/web/ingot.json']).toMatch(/^0644 0:0/);
  });

  test('shows a change of it in the line of the service, and no other change', async () => {
    const contentsOf = async (options: Partial<Container>) => {
      const input = inputOf({ services: [{ ...web, ...options }] }, { 'deb:web': packages });
      return describeTree(await assemble(input), input);
    };
    const [plain, always, never] = [
      await contentsOf({}),
      await contentsOf({ restart: {} }),
      await contentsOf({ restart: { policy: 'never' } }),
    ];
    expect(new Set([plain, always, never].map(({ services }) => services.web)).size).toBe(3);
    expect(Object.keys(plain.components)).toEqual(Object.keys(always.components));
  });

  test('mounts the folder of its secrets into a container, read-only, at a place that is there', async () => {
    const secret = await tree({ secrets: ['token'], readonly: true });
    const { mounts } = JSON.parse(await textIn(secret, 'containers/services/web/config.json'));
    expect(mounts).toContainEqual({
      destination: '/run/secrets',
      type: 'bind',
      source: '/run/ingot/secrets/services/web',
      options: ['ro', 'nosuid', 'nodev', 'noexec', 'bind'],
    });
    expect(listing(secret)).toHaveProperty('containers/services/web/rootfs/run/secrets');
  });

  test('refuses images that ask by their label for secrets, or to be waited for', async () => {
    const config = imageConfig({ labels: { 'org.mobyproject.config': '{"secrets": ["token"]}' } });
    const input = inputOf(
      { services: [{ ...web, image: 'x' }] },
      { x: [layer({ 'bin/web': program() })] },
      { images: new Map([['x', config]]) },
    );
    await expect(assemble(input)).rejects.toMatchObject({ code: 'bad-label' });
  });
});
