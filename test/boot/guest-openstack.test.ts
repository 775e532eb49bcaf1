import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { missingPrograms, skipAllBecause } from '../skip.js';

const SCRIPTS = join(__dirname, '../../provider/src/guest/root/usr/lib/ingot');

skipAllBecause(missingPrograms('busybox'));
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ingot-openstack-'));
  mkdirSync(join(folder, 'ssh'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Lays the text out below the folder, with the awk that machines have. */
function lay(text: string): number | null {
  const scripts = ['json.awk', 'openstack.awk'].flatMap((name) => ['-f', join(SCRIPTS, name)]);
  const { status, stderr } = spawnSync('busybox', ['awk', '-v', `into=${folder}`, ...scripts], {
    input: text,
    encoding: 'utf8',
    env: { PATH: process.env.PATH, LC_ALL: 'C' },
  });
  expect(stderr).toBe('');
  return status;
}

test('openstack.awk lays out what a config drive says, and nothing for what is null', () => {
  const said = {
    uuid: '83679162',
    hostname: 'box',
    availability_zone: null,
    public_keys: { a: 'ssh-ed25519 AAAA me' },
  };
  expect(lay(JSON.stringify(said, null, 2))).toBe(0);
  expect(readdirSync(folder, { recursive: true }).sort()).toEqual([
    'hostname',
    'instance_id',
    'ssh',
    'ssh/authorized_keys',
  ]);
  expect(readFileSync(join(folder, 'hostname'), 'utf8')).toBe('box\n');
});

test('openstack.awk refuses what is not JSON', () => {
  expect(lay('{"uuid": }')).toBe(1);
  expect(readdirSync(folder)).toEqual(['ssh']);
});
