import { describe, expect, test } from 'vitest';
import { sha256 } from '../model/digest.js';
import type { DebianPin, Pin } from '../model/pin.js';
import { resolveTogether } from './together.js';

function pin(...packages: string[]): DebianPin {
  return {
    ...{ kind: 'debian', suite: 'trixie' },
    packages: packages.map((text) => {
      const [name = '', version = ''] = text.split('=');
      const place = { architecture: 'amd64', sizeBytes: 1, archive: 'main', path: `pool/${name}` };
      return { name, version, digest: sha256(text), ...place };
    }),
  };
}

const named = (one: Pin) =>
  one.kind === 'debian' ? one.packages.map(({ name, version }) => `${name}=${version}`) : [];

/** Takes the first version that it may of each package, of those that it is to keep if it can. */
function resolver(offers: Readonly<Record<'packages' | 'guest', Readonly<Record<string, readonly string[]>>>>) {
  const asked: string[] = [];
  const resolve = async (which: 'packages' | 'guest', keep: readonly Pin[]): Promise<Pin> => {
    asked.push(which);
    const kept = new Set(keep.flatMap(named));
    const chosen = Object.entries(offers[which]).map(([name, versions]) => {
      const version = versions.find((one) => kept.has(`${name}=${one}`)) ?? versions[0];
      return `${name}=${version}`;
    });
    return pin(...chosen);
  };
  return { asked, resolve };
}

describe('resolveTogether()', () => {
  test('keeps both where they agree, and asks nobody', async () => {
    const { asked, resolve } = resolver({ packages: {}, guest: {} });
    const kept = { packages: pin('libc=1', 'tool=1'), guest: pin('libc=1', 'crun=1') };
    expect(await resolveTogether({ kept, keep: [], resolve })).toEqual(kept);
    expect(asked).toEqual([]);
  });

  test('resolves new packages with the versions that the init has, which stays', async () => {
    const { asked, resolve } = resolver({ packages: { libc: ['2', '1'], tool: ['1'] }, guest: {} });
    const guest = pin('libc=1', 'crun=1');
    // Another root has another version: that of the init counts here.
    const both = await resolveTogether({ kept: { guest }, keep: [pin('libc=2'), guest], resolve });
    expect(named(both.packages)).toEqual(['libc=1', 'tool=1']);
    expect(both.guest).toBe(guest);
    expect(asked).toEqual(['packages']);
  });

  test('moves the init where the packages need another version', async () => {
    const { resolve } = resolver({ packages: { libc: ['2'] }, guest: { libc: ['1', '2'], crun: ['1'] } });
    const both = await resolveTogether({ kept: { guest: pin('libc=1', 'crun=1') }, keep: [], resolve });
    expect([named(both.packages), named(both.guest)]).toEqual([['libc=2'], ['libc=2', 'crun=1']]);
  });

  test('moves the packages where the init cannot have their version', async () => {
    const { asked, resolve } = resolver({ packages: { libc: ['1', '2'] }, guest: { libc: ['2'] } });
    const both = await resolveTogether({ kept: { packages: pin('libc=1') }, keep: [], resolve });
    expect([named(both.packages), named(both.guest)]).toEqual([['libc=2'], ['libc=2']]);
    expect(asked).toEqual(['guest', 'guest', 'packages']);
  });

  test('says what keeps them apart', async () => {
    const { resolve } = resolver({ packages: { libc: ['1'] }, guest: { libc: ['2'] } });
    await expect(resolveTogether({ kept: {}, keep: [], resolve })).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringMatching(/they need libc 1, and it needs libc 2; name another version/),
      context: { property: 'packages' },
    });
  });
});
