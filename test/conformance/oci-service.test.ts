import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { lockDigest } from '../../provider/src/model/lock.js';
import * as pipeline from '../../provider/src/pipeline.js';
import { settingsFrom } from '../../provider/src/settings.js';
import { missingPrograms, skipAllBecause } from '../skip.js';
import { keep, run, umociImage } from './oci-images.js';

const NEEDED = ['umoci', 'skopeo', 'tar', 'busybox'] as const;
const SPEC = `
kernel:
  image: docker-archive:../kernel.tar
  cmdline: console=ttyS0
init:
  - dir:init
onboot:
  - name: once
    image: oci:../images:web
    command: [/bin/busybox, "true"]
services:
  - name: web
    image: oci:../images:web
    binds.add: ["/srv:/srv"]
`;
const LABEL = JSON.stringify({ binds: ['/etc/resolv.conf:/etc/resolv.conf'], capabilities: ['CAP_NET_BIND_SERVICE'] });

describe('a service and a kernel from images', () => {
  skipAllBecause(missingPrograms(...NEEDED));
  const folders: string[] = [];
  beforeEach(() => {
    folders.length = 0;
  });
  afterEach(() => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  });

  /** A folder with images and a spec that uses them. */
  function project(umask: string): string {
    const folder = mkdtempSync(join(tmpdir(), 'ingot-service-'));
    folders.push(folder);
    umociImage(folder, [
      'mkdir -p bin srv; cp "$(command -v busybox)" bin/busybox; printf hello > srv/index.html; touch -d @1 srv/* bin/* srv bin',
    ]);
    const config = ['config', '--image', 'images:web'];
    run(
      folder,
      'umoci',
      ...config,
      '--config.entrypoint',
      '/bin/busybox',
      '--config.cmd',
      'httpd',
      '--config.cmd',
      '-f',
    );
    run(folder, 'umoci', ...config, '--config.workingdir', '/srv', '--config.label', `org.mobyproject.config=${LABEL}`);
    keep(folder, 'modules/lib/modules/6.12.9/kernel/a.ko', 'module');
    keep(folder, 'kernel-root/kernel', 'MZ vmlinuz');
    run(folder, 'tar', '-cf', 'kernel-root/kernel.tar', '-C', 'modules', '.');
    run(folder, 'umoci', 'new', '--image', 'images:kernel');
    run(folder, 'umoci', 'insert', '--image', 'images:kernel', 'kernel-root/kernel', '/kernel');
    run(folder, 'umoci', 'insert', '--image', 'images:kernel', 'kernel-root/kernel.tar', '/kernel.tar');
    run(folder, 'skopeo', '--insecure-policy', 'copy', 'oci:images:kernel', 'docker-archive:kernel.tar:kernel:1');
    keep(folder, 'spec/web.yml', SPEC);
    run(
      folder,
      'sh',
      '-euc',
      `umask ${umask}; mkdir -p spec/init/sbin; printf '#!/bin/sh\\n' > spec/init/sbin/init; chmod +x spec/init/sbin/init`,
    );
    return folder;
  }

  async function built(folder: string, spec: string, directory: string) {
    const settings = settingsFrom({
      INGOT_CACHE: join(folder, 'cache'),
      INGOT_STATE: join(folder, 'state'),
      INGOT_OFFLINE: '1',
    });
    const surroundings = {
      directory,
      signal: new AbortController().signal,
      progress: () => undefined,
      now: () => new Date(),
    };
    await using workshop = await pipeline.openWorkshop(settings, surroundings);
    const parsed = await pipeline.parse([spec], workshop);
    const locked = await pipeline.at(parsed, () => pipeline.lock(parsed.spec, {}, workshop));
    const contents = await pipeline.describe(locked, workshop);
    const { files } = await pipeline.build(locked, 'tar', workshop);
    return { locked, contents, tar: files[0]?.path ?? '', workshop };
  }

  test('are in the image as LinuxKit would have them', async () => {
    const folder = project('022');
    const { contents, tar, locked } = await built(folder, 'spec/web.yml', folder);
    const text = (path: string) => run(folder, 'tar', '-xOf', tar, path);
    const config = JSON.parse(text('containers/services/web/config.json'));
    expect(config.process).toMatchObject({ args: ['/bin/busybox', 'httpd', '-f'], cwd: '/srv' });
    expect(config.process.capabilities.effective).toEqual(['CAP_NET_BIND_SERVICE']);
    const binds = (config.mounts as { destination: string; type: string }[]).filter(({ type }) => type === 'bind');
    expect(binds.map(({ destination }) => destination)).toEqual(['/etc/resolv.conf', '/srv']);
    expect(text('boot/kernel')).toBe('MZ vmlinuz');
    expect(text('boot/cmdline')).toBe('console=ttyS0');
    expect(text('lib/modules/6.12.9/kernel/a.ko')).toBe('module');
    expect(text('sbin/init')).toBe('#!/bin/sh\n');
    expect(text('containers/onboot/000-once/lower/srv/index.html')).toBe('hello');
    // The second container with the same image uses the root of the first.
    expect(text('containers/services/web/runtime.json')).toContain('lowerdir=/containers/onboot/000-once/lower');

    expect(contents.images).toMatchObject({ 'oci:images:web': expect.any(String), 'dir:init': expect.any(String) });
    expect(contents.services.web).toMatch(/^\/bin\/busybox httpd -f \(oci:images:web\)/);
    expect(contents.kernel).toMatchObject({ version: '6.12.9', modules: 1 });
    expect(JSON.stringify(locked.lock)).not.toContain('spec/');
  });

  test('give the same bytes in another folder, from another directory, with another umask', async () => {
    const [one, two] = [project('022'), project('002')];
    const first = await built(one, 'spec/web.yml', one);
    // Images of umoci have times in them; those of the first are taken.
    for (const name of ['images', 'kernel.tar']) {
      rmSync(join(two, name), { recursive: true });
      execFileSync('cp', ['-a', join(one, name), join(two, name)]);
    }
    const second = await built(two, 'web.yml', join(two, 'spec'));
    expect(lockDigest(second.locked.lock)).toBe(lockDigest(first.locked.lock));
    expect(readFileSync(second.tar).equals(readFileSync(first.tar))).toBe(true);
  });

  test('change when what they are made of changes, without any pin being moved', async () => {
    const folder = project('022');
    const before = await built(folder, 'spec/web.yml', folder);
    keep(folder, 'spec/init/sbin/init', '#!/bin/sh\nexec true\n', 0o755);
    const after = await built(folder, 'spec/web.yml', folder);
    expect(lockDigest(after.locked.lock)).not.toBe(lockDigest(before.locked.lock));
    expect(after.contents.images['dir:init']).not.toBe(before.contents.images['dir:init']);
    expect(after.contents.images['oci:images:web']).toBe(before.contents.images['oci:images:web']);
  });

  test('are told at their place in the spec when they are missing', async () => {
    const folder = project('022');
    keep(folder, 'spec/web.yml', SPEC.replace('oci:../images:web\n    binds', 'oci:../images:wbe\n    binds'));
    await expect(built(folder, 'spec/web.yml', folder)).rejects.toThrow(
      /spec\/web\.yml:\d+:\d+: .*no image wbe.*did you mean web\?/,
    );
  });
});
