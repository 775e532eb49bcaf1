import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Digest } from '../../provider/src/model/digest.js';
import { type CommandProbe, type Probe, probeText } from '../../provider/src/model/probe.js';
import { silent } from '../../provider/src/model/progress.js';
import type { CommandChannel } from '../../provider/src/run/qemu/command-channel.js';
import { type BootTestRecord, testBoot } from '../../provider/src/run/qemu/machine.js';
import { missingPrograms, skipAllBecause } from '../skip.js';
import { imageOf, script } from './guest-image.js';
import { type BootFiles, GuestMachine, HANGS_MS } from './guest-machine.js';

const BUSYBOX = '/usr/bin/busybox';
/** Sees the machine, and says what it sees on its console. */
const HOST = { binds: ['/:/host:ro', '/run:/run', '/sys:/sys', '/dev:/dev'], pid: 'host' };
const LOOK = `
until ports=$(cat /sys/class/virtio-ports/*/name | sort | xargs) && [ "$ports" = "ingot.commands ready" ]; do sleep 0.1; done
echo "T ports $ports" >/dev/console
until [ "$(cat /run/ingot/machine)" = ready ]; do sleep 0.1; done
[ -e /run/ingot/command ] || echo "T not served" >/dev/console
until [ -e /run/ingot/command ]; do sleep 0.1; done
echo "T served" >/dev/console
exec sleep 1000`;

describe('commands of a boot test', () => {
  skipAllBecause(missingPrograms('qemu-system-x86_64'));
  let image: BootFiles & { readonly digest: string };
  let stateDirectory: string;
  beforeAll(async () => {
    stateDirectory = await mkdtemp(join(tmpdir(), 'ingot-commands-'));
    image = await imageOf({
      services: [
        script('web', 'exec sleep 1000', {
          ...{ uid: 65534, gid: 65534, env: ['PLACE=here', 'PATH=/usr/bin'], cwd: '/usr' },
          ...{ rlimits: ['nofile,100,200'], resources: { memory: { limit: 64 * 2 ** 20 } } },
        }),
        script('done', 'exit 0', { restart: { policy: 'never' } }),
        script('look', LOOK, HOST),
      ],
    });
  });
  afterAll(() => rm(stateDirectory, { recursive: true, force: true, maxRetries: 5 }));

  describe('in a machine that has the port', () => {
    let machine: GuestMachine;
    let channel: CommandChannel;
    const end = new AbortController();
    beforeAll(async () => {
      machine = await GuestMachine.start(image, { commands: true });
      channel = machine.commands(end.signal);
      expect(await machine.report(), await machine.console()).toMatchObject({ ingot: 'ready', commands: true });
      await machine.sees(/^T served$/m);
    });
    afterAll(async () => {
      end.abort();
      await machine?.[Symbol.asyncDispose]();
    });

    async function run(
      words: readonly string[],
      { service, limitSeconds = 60 }: { service?: string; limitSeconds?: number } = {},
    ) {
      const outcome = await channel.run({ run: words, in: service, limitSeconds });
      if (outcome === undefined || outcome.kind === 'refused') return outcome;
      return { ...outcome, output: outcome.output.toString('utf8') };
    }

    /** What comes of words that never end. A busy machine is given more time, so that it can come to what they print. */
    async function late(words: readonly string[], { service, wanted }: { service?: string; wanted: string }) {
      for (let limitSeconds = 2; ; limitSeconds *= 4) {
        const outcome = await run(words, { ...(service ? { service } : {}), limitSeconds });
        const printed = outcome !== undefined && 'output' in outcome ? outcome.output : undefined;
        if (printed === wanted || limitSeconds > 30) return outcome;
      }
    }

    test('run in the machine itself, as root', async () => {
      expect(await run(['id', '-u'])).toEqual({ kind: 'exited', status: 0, output: '0\n' });
      expect(await run(['sh', '-c', 'pwd; echo wrong >&2; exit 3'])).toEqual({
        kind: 'exited',
        status: 3,
        output: '/\nwrong\n',
      });
      expect(await run(['nothing'])).toMatchObject({
        status: 127,
        output: expect.stringContaining('nothing: not found'),
      });
    });

    test('get their words as they are, in the machine and in a service', async () => {
      const words = ['', ' ', 'a \'b\' "c"', 'line\nend\n', '$HOME `id` $(id) \\n * ~', '-x', 'a=b', 'é', '\x01\x7f'];
      const show = ['sh', '-c', 'for word; do printf \'<%s>\' "$word"; done', 'sh', ...words];
      const output = words.map((word) => `<${word}>`).join('');
      expect(await run(show)).toEqual({ kind: 'exited', status: 0, output });
      expect(await run([BUSYBOX, ...show], { service: 'web' })).toEqual({ kind: 'exited', status: 0, output });
    });

    test('run in a service as its program does', async () => {
      const facts =
        'id -u; pwd; echo $PLACE; ulimit -Sn; ulimit -Hn; cat /proc/self/cgroup; grep -E "^(CapBnd|NoNewPrivs|Seccomp):" /proc/self/status';
      expect(
        await run(['busybox', 'sh', '-c', facts.replaceAll(/cat|grep|id/g, 'busybox $&')], { service: 'web' }),
      ).toEqual({
        kind: 'exited',
        status: 0,
        output: '65534\n/usr\nhere\n100\n200\n0::/.command\nCapBnd:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\n',
      });
      // Of the service, in whose cgroup they are.
      expect(await run(['cat', '/sys/fs/cgroup/web/memory.max'])).toMatchObject({ output: `${64 * 2 ** 20}\n` });
      expect(await run(['nothing'], { service: 'web' })).toMatchObject({
        kind: 'exited',
        output: expect.stringContaining('nothing'),
      });
      expect(await run([BUSYBOX, 'false'], { service: 'web' })).toMatchObject({ status: 1 });
    });

    test('are not run in a service that is not there, or does not run', async () => {
      const refused = (reason: string) => ({ kind: 'refused', reason });
      for (const service of ['wbe', '../services/web', '.', '-']) {
        expect(await run(['id'], { service })).toEqual(refused('there is no such service'));
      }
      expect(await run(['id'], { service: 'done' })).toEqual(refused('the service does not run'));
    });

    test('are killed when they take too long, with all that they have started', async () => {
      const hang = ['sh', '-c', `echo begun; ${BUSYBOX} setsid ${BUSYBOX} sleep 7777 & exec ${BUSYBOX} sleep 7777`];
      const wanted = 'begun\n';
      expect(await late(hang, { wanted })).toEqual({ kind: 'late', output: wanted });
      expect(await late([BUSYBOX, ...hang], { service: 'web', wanted })).toEqual({ kind: 'late', output: wanted });
      // What one leaves behind that ends by itself.
      expect(await run(['sh', '-c', `${BUSYBOX} sleep 7777 & exit 4`])).toEqual({
        kind: 'exited',
        status: 4,
        output: '',
      });
      // A process that was killed is there for a moment longer.
      await expect
        .poll(() => run(['sh', '-c', 'ps | grep "sleep 777[7]"']), { timeout: HANGS_MS })
        .toMatchObject({ status: 1, output: '' });
      expect(await run(['id', '-u'])).toMatchObject({ output: '0\n' });
      expect(await run(['/usr/bin/svc', 'status'])).toMatchObject({
        output: expect.stringMatching(/^web +\d+ +running$/m),
      });
    });

    test('say the last 64 KiB of what they print, however much it is', async () => {
      const outcome = await run(['sh', '-c', 'head -c 1000000 /dev/zero | tr "\\0" a; echo end']);
      expect(outcome).toEqual({ kind: 'exited', status: 0, output: `${'a'.repeat(65532)}end\n` });
      const wanted = 'y\n'.repeat(32768);
      expect(await late(['yes'], { wanted })).toMatchObject({ kind: 'late', output: wanted });
    });

    test('are answered again after what answers them was killed', async () => {
      const killed = await run(['sh', '-c', 'kill -KILL $PPID'], { limitSeconds: 15 });
      expect(killed).toBeUndefined();
      await machine.sees(/^ingot: the commands died; starting it again$/m);
      await expect.poll(() => run(['id', '-u']), { timeout: HANGS_MS }).toMatchObject({ output: '0\n' });
    });
  });

  test('are not answered by a machine whose kernel command line does not say so, even with the port', async () => {
    const port = ['-chardev', 'null,id=commands', '-device', 'virtserialport,chardev=commands,name=ingot.commands'];
    await using machine = await GuestMachine.start(image, { devices: port });
    const report = await machine.report();
    expect(report, await machine.console()).toMatchObject({ ingot: 'ready' });
    expect(report).not.toHaveProperty('commands');
    await machine.sees(/^T ports ingot\.commands ready$/m);
    await machine.sees(/^T not served$/m);
    await machine.pressPowerButton();
    expect(await machine.end()).toBe(0);
    expect(await machine.console()).not.toContain('T served');
  });

  /** @param isLate told what is still wrong, decides in place of the clock. */
  function bootWith(commands: readonly CommandProbe[], isLate?: (wrong: string) => boolean): Promise<BootTestRecord> {
    const probes = commands.map((command): Probe => ({ command }));
    const owner = { urn: 'commands.test', project: stateDirectory };
    const platform = 'linux/amd64';
    return testBoot(
      {
        owner,
        image: image.digest as Digest,
        boot: image,
        platform,
        probes,
        saysReady: true,
        memoryMiB: 512,
        cpus: 1,
        // Only what hangs is to meet it.
        timeoutSeconds: 200,
      },
      { stateDirectory, signal: new AbortController().signal, progress: silent, parts: isLate ? { isLate } : {} },
    );
  }

  test('let a boot test pass', async () => {
    const record = await bootWith([
      { run: ['sysctl', '-n', 'net.core.somaxconn'], output: '4096' },
      { run: [BUSYBOX, 'false'], in: 'web', status: 1 },
    ]);
    expect(record.bootSeconds).toMatchObject({ 'guest.services': expect.any(Number) });
  });

  test('fail a boot test with what they are, what came of them, and the last that they printed', async () => {
    const failing: CommandProbe[] = [
      { run: ['sh', '-c', 'echo one; echo two; exit 5'] },
      { run: [BUSYBOX, 'echo', 'three'], in: 'web', output: 'four' },
      { run: [BUSYBOX, 'sleep', '7777'], in: 'web', timeoutSeconds: 1 },
      { run: ['id'], in: 'done' },
    ];
    const [status, output, hang, down] = failing.map((command) => probeText({ command }));
    const told = [
      `${status}: it exited with status 5, not 0`,
      `${output}: it printed no "four"`,
      `${hang}: it took longer than 4 s, and was killed`,
      `${down}: it was not run: the service does not run`,
    ].join('; ');
    const late = `it was not healthy within 800 s: ${told}`;
    const error = await bootWith([...failing, { run: ['id'] }], (wrong) => wrong === late).then(
      () => undefined,
      (thrown: Error) => thrown,
    );
    const printed = `what ${status} printed ends with:\n  | one\n  | two\nwhat ${output} printed ends with:\n  | three\nits console (`;
    expect(error?.message).toContain(`${late}; ${printed}`);
  });
});
