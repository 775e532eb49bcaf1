import { appendFile, copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { missingPrograms, skipAllBecause } from '../skip.js';
import { imageOf, script } from './guest-image.js';
import { GuestMachine, HANGS_MS } from './guest-machine.js';

/** The root of the machine, for containers that look at it. */
const HOST = { binds: ['/:/host:ro', '/run:/run'], mounts: [], pid: 'host', capabilities: ['all'] };

describe('the guest', () => {
  skipAllBecause(missingPrograms('qemu-system-x86_64'));

  test('boots a read-only root, runs onboot, supervises services, says ready, and stops at the power button', async () => {
    const image = await imageOf({
      hostname: 'guest-test',
      onboot: [
        script('facts', FACTS, HOST),
        script('writable', 'echo over >/etc/passwd && read -r line </etc/passwd && echo "passwd: $line" >>/run/facts', {
          binds: ['/run:/run'],
          readonly: false,
        }),
        script('writer', 'read -r line </volume/etc/debian_version && echo "Debian $line" >/volume/note', {
          binds: ['shared:/volume'],
        }),
        script('reader', 'cat /volume/note >>/run/facts; touch /volume/note || echo "volume: read-only" >>/run/facts', {
          binds: ['/run:/run'],
          mounts: [{ type: 'bind', source: 'shared', destination: '/volume', options: ['bind', 'ro'] }],
        }),
      ],
      volumes: [{ name: 'shared', image: 'deb:base-files' }, { name: 'empty' }],
      services: [
        // It stands until it is pushed.
        script(
          'fragile',
          '[ -e /run/fell ] && exec sleep 1000; until [ -e /run/push ]; do sleep 0.1; done; echo falling; : >/run/fell; exit 5',
          { binds: ['/run:/run'] },
        ),
        script('silent', 'exec sleep 1000'),
        script('talker', 'while :; do echo "something that is said over and over"; done'),
        script('web', 'exec busybox httpd -f -p 80 -h /run', {
          binds: ['/run:/run'],
          capabilities: ['CAP_NET_BIND_SERVICE'],
        }),
      ],
      files: [{ path: 'var/lib/data/file', contents: 'of the image', mode: '0644' }],
    });
    await using machine = await GuestMachine.start(image, { commands: true });

    const report = await machine.report();
    expect(report, await machine.console()).toMatchObject({
      ingot: 'ready',
      image: image.digest,
      services: { fragile: 'running', silent: 'running', talker: 'running', web: 'running' },
    });
    const phases = Object.entries(report.phases ?? {});
    expect(phases.map(([name]) => name)).toEqual([
      'kernel',
      'modules',
      'root',
      'network',
      'metadata',
      'disks',
      'onboot',
      'services',
    ]);
    expect(phases.map(([, seconds]) => seconds)).toEqual(phases.map(([, seconds]) => seconds).sort((a, b) => a - b));
    await expect.poll(() => machine.readyPort(), { timeout: HANGS_MS }).toMatch(/^\{.*\}\n$/);
    expect(JSON.parse(await machine.readyPort())).toEqual(report);

    const facts = (await machine.get('/facts')).trim().split('\n');
    // The boot waits some seconds for the network, and says where they were not enough.
    if (facts.includes('lease: late')) expect(await machine.console()).toContain('no DHCP lease on eth0 yet');
    expect(facts.filter((line) => line !== 'lease: late')).toEqual([
      'root: read-only',
      'tmp: writable',
      'var: of the image',
      'var: writable',
      'hostname: guest-test',
      'address: 10.0.2.15/24',
      'gateway: 10.0.2.2',
      'nameserver 10.0.2.3',
      'listening: ',
      'passwd: over',
      expect.stringMatching(/^Debian 13\.\d+$/),
      'volume: read-only',
    ]);

    // The service that ends is started again, and the one that never stops talking does not fill the memory.
    await runs(machine, ['touch', '/run/push']);
    await machine.sees(/ingot: fragile exited with status 5 after \d+ s; it starts again in 1 s/);
    await expect.poll(() => machine.get('/ingot/state/fragile'), { timeout: HANGS_MS }).toBe('running\n');
    await expect.poll(() => machine.get('/log/fragile.log'), { timeout: HANGS_MS }).toBe('falling\n');
    await expect.poll(async () => (await machine.get('/log/talker.log.1')).length, { timeout: HANGS_MS }).toBe(524288);

    await machine.pressPowerButton();
    expect(await machine.end()).toBe(0);
    expect(await machine.console()).toMatch(/^ingot: stopping\ningot: poweroff$/m);
  });

  test('starts a service again whose runtime or supervisor was killed, without a twin, and ends one that is deaf', async () => {
    const image = await imageOf({
      services: [
        script('deaf', 'trap : TERM; echo started; while :; do sleep 1; done', { after: ['before'] }),
        script('killer', KILLER, HOST),
        // It is told to stop once `deaf` has ended.
        script('before', `trap 'read -r now _ </proc/uptime; echo T end $now >/dev/console; exit' TERM; ${FOREVER}`, {
          binds: ['/dev:/dev'],
          stop: { timeoutSeconds: 100 },
        }),
      ],
      onshutdown: [
        script('begin', 'read -r now _ </proc/uptime; echo T begin $now >/dev/console', { binds: ['/dev:/dev'] }),
      ],
    });
    await using machine = await GuestMachine.start(image);
    expect(await machine.report(), await machine.console()).toMatchObject({ ingot: 'ready' });
    await machine.sees(/ingot: deaf exited with status 137 [\s\S]*\nkilled the runtime; 1 runs/);
    await machine.sees(/ingot: the supervisor of deaf died; starting it again\n[\s\S]*killed the supervisor; 1 runs/);

    await machine.pressPowerButton();
    expect(await machine.end()).toBe(0);
    const said = await machine.console();
    const stopping = /^ingot: stopping\nT begin ([\d.]+)\nT end ([\d.]+)\ningot: poweroff$/m;
    expect(said).toMatch(stopping);
    const [, begin, end] = stopping.exec(said) ?? [];
    // Ten seconds between SIGTERM and SIGKILL, by the guest's clock.
    expect(Number(end) - Number(begin)).toBeGreaterThan(10);
  });

  test('fails where an onboot step fails, with its output, and turns itself off', async () => {
    const image = await imageOf({
      onboot: [script('good', 'true'), script('bad', 'echo what went wrong >&2; exit 3'), script('never', 'true')],
      services: [script('web', 'exec sleep 1000')],
    });
    await using machine = await GuestMachine.start(image);
    const report = await machine.report();
    expect(report).toEqual({ ingot: 'failed', image: image.digest, phase: 'onboot/001-bad', reason: 'exit status 3' });
    expect(await machine.end()).toBe(0);
    expect(JSON.parse(await machine.readyPort())).toEqual(report);
    expect(await machine.console()).toMatch(
      /the last lines of 001-bad:\nwhat went wrong\ningot: boot failed in onboot\/001-bad: exit status 3\n/,
    );
  });

  test('fails where a service keeps dying, and never says ready', async () => {
    const image = await imageOf({
      services: [script('bad', 'echo no such luck; exit 7'), script('alarm', ALARM, HOST)],
    });
    // Of the machine's clock only its signal comes.
    await using machine = await GuestMachine.start(image, { append: 'ingot.patience=1 ingot.failAfter=9999' });
    expect(await machine.report()).toEqual({
      ...{ ingot: 'failed', image: image.digest, phase: 'services' },
      reason: 'not ready after 9999 s; bad: exited with status 7',
    });
    expect(await machine.end()).toBe(0);
    const text = await machine.console();
    expect(text).not.toContain('"ready"');
    expect(text).toMatch(
      /bad exited with status 7 after \d+ s; it starts again in 1 s\n[\s\S]*; it starts again in 2 s\n/,
    );
    expect(text).toMatch(/the last lines of bad:\nno such luck\n/);
  });

  test('comes up without the console that its command line names, and as localhost where nobody gives it a name', async () => {
    const image = await imageOf({
      onboot: [script('name', 'hostname >/run/name', { binds: ['/run:/run'] })],
      services: [
        script('web', 'exec busybox httpd -f -p 80 -h /run', {
          binds: ['/run:/run'],
          capabilities: ['CAP_NET_BIND_SERVICE'],
        }),
      ],
    });
    const commandLine = image.commandLine.replace('console=ttyS0', 'console=ttyS9');
    expect(commandLine).toContain('console=ttyS9');
    await using machine = await GuestMachine.start({ ...image, commandLine });
    await expect.poll(() => machine.readyPort(), { timeout: HANGS_MS }).toMatch(/^\{"ingot":"ready",.*\}\n$/);
    expect(await machine.get('/name')).toBe('localhost\n');
    expect(await machine.console()).not.toContain('ingot');
  });

  test.each([
    ['ingot.patience=1 ingot.failAfter=1', 'not ready after 1 s'],
    ['ingot.patience=3 ingot.failAfter=1', 'not ready after 3 s'],
    ['ingot.patience=0', 'ingot.patience is not a number from 1 to 99: 0'],
    ['ingot.repeat=0', 'ingot.repeat is not a number of seconds: 0'],
  ])('fails with %s, and says why', async (append, reason) => {
    // Never healthy: a fast host would otherwise be ready before the limit.
    const health = { command: ['/usr/bin/busybox', 'false'] };
    const image = await imageOf({ services: [script('never', 'exec sleep 1000', { health })] });
    await using machine = await GuestMachine.start(image, { append });
    expect(await machine.report()).toMatchObject({ ingot: 'failed', reason: expect.stringContaining(reason) });
    expect(await machine.end()).toBe(0);
  });

  test('fails where the kernel could not unpack all of the image', async () => {
    const image = await imageOf({ services: [script('good', 'exec sleep 1000')] });
    const folder = await mkdtemp(join(tmpdir(), 'ingot-guest-'));
    try {
      const initrd = join(folder, 'initrd');
      await copyFile(image.initrd, initrd);
      await appendFile(initrd, 'not an archive'.repeat(100));
      await using machine = await GuestMachine.start({ ...image, initrd });
      expect(await machine.report()).toMatchObject({
        ingot: 'failed',
        phase: 'kernel',
        reason: expect.stringContaining('unpacking failed'),
      });
      expect(await machine.end()).toBe(0);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

/** Until a signal. */
const FOREVER = 'while :; do sleep 0.1; done';

/** Runs a command in the machine. */
async function runs(machine: GuestMachine, run: readonly string[]): Promise<void> {
  const end = new AbortController();
  const channel = machine.commands(end.signal);
  const outcome = () => channel.run({ run, in: undefined, limitSeconds: 60 });
  await expect.poll(outcome, { timeout: HANGS_MS }).toMatchObject({ kind: 'exited', status: 0 });
  end.abort();
}

/** Says that it is time, when `bad` rests for 16 s or more, having ended five times, and all else is up. */
const ALARM = `
is_in() { read -r state <$1; case $state in $2) ;; *) return 1;; esac; }
until is_in /run/ingot/state/alarm running && [ "$(grep -c luck /run/log/bad.log)" -ge 5 ] &&
  is_in /run/ingot/state/bad 'exited*'; do sleep 0.1; done
kill -ALRM 1
exec sleep 1000
`;

/** Writes to /run/facts what is so in the machine. */
const FACTS = `
exec >/run/facts
touch /host/file 2>/dev/null && echo root: writable || echo root: read-only
echo x >/host/tmp/file && echo tmp: writable
read -r line </host/var/lib/data/file; [ -n "$line" ] && echo "var: $line"
echo x >/host/var/lib/data/file && echo var: writable
echo "hostname: $(hostname)"
[ -e /run/ingot/lease/eth0 ] || echo "lease: late"
until [ -e /run/ingot/lease/eth0 ]; do sleep 0.1; done
echo "address: $(ip -4 addr show eth0 | sed -n 's/ *inet \\([^ ]*\\).*/\\1/p')"
echo "gateway: $(ip route | sed -n 's/default via \\([^ ]*\\).*/\\1/p')"
cat /run/resolvconf/resolv.conf
echo "listening: $(netstat -ltn | grep -c LISTEN | grep -v 0)"
`;

/** Kills first the runtime and then the supervisor of `deaf`, and says on the console how many of it run then. */
const KILLER = `
runtime() { ps -o pid,args | sed -n 's/^ *\\([0-9]*\\) crun run .* deaf$/\\1/p'; }
# A process that is about to become its sleep looks like a twin, but not for long.
runs() {
  for i in $(seq 100); do
    count=$(ps -o args | grep -c 'echo [s]tarted')
    [ "$count" != 1 ] || break
    sleep 0.1
  done
  echo "$count"
}
is_running() { [ -e /run/ingot/state/$1 ] && read -r state </run/ingot/state/$1 && [ "$state" = running ]; }
until is_running killer && is_running deaf; do sleep 0.2; done
until_again() {
  until new=$(runtime) && [ -n "$new" ] && [ "$new" != "$old" ] && is_running deaf; do sleep 0.2; done
  # A twin would be here, too.
  sleep 2
}
old=$(runtime)
kill -9 $old
until_again
echo "killed the runtime; $(runs) runs" >/host/dev/console
old=$(runtime)
read -r supervisor </run/ingot/supervisor/deaf
kill -9 "$supervisor"
until_again
echo "killed the supervisor; $(runs) runs" >/host/dev/console
exec sleep 1000
`;
