import * as pulumi from '@pulumi/pulumi';
import { beforeAll, describe, expect, test } from 'vitest';
import { BootTest, Image, local } from './index.js';

const registered: pulumi.runtime.MockResourceArgs[] = [];

beforeAll(async () => {
  await pulumi.runtime.setMocks({
    newResource: (args) => {
      registered.push(args);
      return { id: `${args.name}-id`, state: { ...args.inputs, digest: 'sha256:abc', __lock: 'lock' } };
    },
    call: () => ({}),
  });
});

async function inputsOf(resource: pulumi.CustomResource): Promise<Record<string, unknown>> {
  const urn = await new Promise<string>((done) => resource.urn.apply(done));
  const found = registered.find(({ name }) => urn.endsWith(`::${name}`));
  return (found?.inputs ?? {}) as Record<string, unknown>;
}

describe('Image', () => {
  test('registers one constant line as its provider, its type and its URN', async () => {
    const image = new Image('plain', { spec: 'web.yml' });
    expect(await inputsOf(image)).toMatchObject({
      spec: 'web.yml',
      __provider: "exports.handler = () => require('pulumi-ingot/provider');",
      __type: 'Image',
      __urn: expect.stringMatching(/^urn:pulumi:.*::pulumi-nodejs:dynamic\/ingot:Image::plain$/),
      __secret: false,
    });
  });

  test('says that its spec contains a secret, wherever it stands', async () => {
    const image = new Image('secretive', {
      spec: { files: [{ path: 'etc/key', contents: pulumi.secret('hunter2') as unknown as string }] },
    });
    expect(await inputsOf(image)).toMatchObject({ __secret: true });
  });

  test('refuses a provider, which would have no effect', () => {
    const options = { provider: {} as pulumi.ProviderResource };
    expect(() => new Image('x', { spec: 'web.yml' }, options)).toThrow(/option "provider" has no effect/);
  });
});

describe('a program without types', () => {
  const given = (args: object): never => args as never;

  test('passes on the names of what is misspelt, and no value', async () => {
    const image = new Image(
      'typo',
      given({ spec: 'web.yml', budgte: pulumi.secret('hunter2'), sbom: undefined, x: undefined }),
    );
    const inputs = await inputsOf(image);
    expect(inputs.__misnamed).toEqual({ names: ['budgte'], known: expect.arrayContaining(['spec', 'budget', 'sbom']) });
    expect(JSON.stringify(inputs)).not.toContain('hunter2');
    expect(await inputsOf(new Image('right', { spec: 'web.yml' }))).not.toHaveProperty('__misnamed');
  });

  test.each([
    ['disks', () => new local.Disk('d1', given({ sizeMiB: 1, seral: 'x' })), 'seral'],
    ['image files', (image: Image) => new local.ImageFile('f1', given({ image, untested: true, dir: '/x' })), 'dir'],
    ['boot tests', (image: Image) => new BootTest('b1', given({ image, probe: [] })), 'probe'],
    ['instances', (image: Image) => new local.Instance('i1', given({ image, port: [] })), 'port'],
    ['fleets', (image: Image) => new local.Fleet('l1', given({ image, untested: true, count: 1, disks: [] })), 'disks'],
  ])('does so for %s', async (_, make, name) => {
    const image = new Image(`image-of-${name}`, { spec: 'web.yml' });
    expect((await inputsOf(make(image))).__misnamed).toMatchObject({ names: [name] });
  });

  test.each([
    [() => new Image('none', undefined as never), /the image 'none': it has no arguments; pass them as an object/],
    [() => new local.Disk('none', given([])), /the disk 'none': it has no arguments/],
    [() => new local.Instance('none', undefined as never), /it has no arguments/],
    [
      () => new BootTest('none', given({ image: 'web' })),
      /its image is not one that was declared; pass an ingot\.Image/,
    ],
    [() => new local.ImageFile('none', given({ image: {} })), /its image is not one that was declared/],
    [() => new local.Instance('none', given({ image: {}, disks: 'data' })), /disks is no list of disks/],
    [() => new local.Instance('none', given({ image: {}, disks: [{}] })), /disks\[0\] is none of disks/],
  ])('is told what is wrong: %s', (make, message) => {
    expect(make).toThrow(message);
  });
});

describe('in a component', () => {
  class Site extends pulumi.ComponentResource {
    readonly image: Image;
    constructor(name: string) {
      super('test:index:Site', name);
      this.image = new Image(`${name}-image`, { spec: 'web.yml' }, { parent: this });
      this.registerOutputs();
    }
  }

  test('knows its URN, and does not wait for the component that waits for it', async () => {
    const { image } = new Site('site');
    expect((await inputsOf(image)).__urn).toMatch(/::test:index:Site\$pulumi-nodejs:dynamic\/ingot:Image::site-image$/);
  });
});

describe('local.Instance', () => {
  test('takes the digest and the lock of its image', async () => {
    const image = new Image('base', { spec: 'web.yml' });
    const machine = new local.Instance('machine', { image, ports: [{ host: 8080, guest: 80 }] });
    expect(await inputsOf(machine)).toMatchObject({
      imageDigest: 'sha256:abc',
      __lock: 'lock',
      ports: [{ host: 8080, guest: 80 }],
      __type: 'local.Instance',
    });
  });

  test('refuses to be without an image', () => {
    for (const image of [undefined, null]) {
      const args = { image } as unknown as local.InstanceArgs;
      expect(() => new local.Instance('none', args)).toThrow(/it has no image; pass an ingot.Image/);
    }
  });
});

describe('BootTest', () => {
  test('takes the place of its image for what runs it', async () => {
    const image = new Image('tried', { spec: 'web.yml' });
    const passed = new BootTest('trial', { image, probes: [{ http: { port: 80 } }] });
    expect(await inputsOf(passed)).toMatchObject({
      digest: 'sha256:abc',
      __lock: 'lock',
      probes: [{ http: { port: 80 } }],
      __type: 'BootTest',
    });
    const machine = new local.Instance('passed', { image: passed });
    expect(await inputsOf(machine)).toMatchObject({ imageDigest: 'sha256:abc', __lock: 'lock' });
  });

  test('refuses to be without an image', () => {
    expect(() => new BootTest('none', {} as never)).toThrow(/it has no image; pass an ingot.Image/);
  });
});

describe('local.Fleet', () => {
  test('takes the image, or its boot test, and how it is rolled', async () => {
    const image = new Image('rolled', { spec: 'web.yml' });
    const strategy = { surge: '25%', canary: 1, bakeSeconds: 30 };
    const fleet = new local.Fleet('fleet', { image, untested: true, count: 3, strategy });
    expect(() => new local.Fleet('rash', { image, count: 3 } as never)).toThrow(/nobody has booted its image/);
    expect(await inputsOf(fleet)).toMatchObject({
      imageDigest: 'sha256:abc',
      __lock: 'lock',
      count: 3,
      strategy,
      __type: 'local.Fleet',
    });
  });

  test('refuses to be without an image', () => {
    expect(() => new local.Fleet('none', { count: 1 } as local.FleetArgs)).toThrow(
      /it has no image; pass an ingot.BootTest/,
    );
  });
});
