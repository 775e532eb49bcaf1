import { describe, expect, test } from 'vitest';
import { missingPrograms, skipAllBecause } from '../skip.js';
import { imageOf, script } from './guest-image.js';
import { GuestMachine, HANGS_MS } from './guest-machine.js';

/** Sees and may do everything. */
const HOST = { binds: ['/:/host:ro', '/run:/run'], mounts: [], pid: 'host', capabilities: ['all'] };
/** A place that services and their driver share. */
const SHARED = { binds: ['/run/t:/t', '/dev:/dev'] };
/** Has the limits of its service. */
const BOUND = '[ "$(ulimit -n)" = 77 ] && busybox grep -q "^NoNewPrivs:.1" /proc/self/status';
/** Runs until it is told to stop, and says so. */
const untilStopped = (name: string) =>
  `trap "echo T ends ${name} >/dev/console; exit 0" TERM; while :; do sleep 0.1; done`;
/** When it is told to stop, it waits until the other one is, too. */
const endsBeside = ({ index, beside }: { readonly index: number; readonly beside: number }) =>
  `: this-is-${index}-; trap ": >/run/told-${index}; until [ -e /run/told-${beside} ]; do sleep 0.1; done; ` +
  `echo T ${index} beside ${beside} >/dev/console; exit" TERM; while :; do sleep 1; done`;
const SHARED_RUN = { binds: ['/run:/run', '/dev:/dev'] };
const HTTPD = 'exec busybox httpd -f -h /t/www -p';

/** Only what hangs is to meet these, not what a busy host keeps waiting. Before it has passed once, a check comes soon. */
const PATIENT = { timeoutSeconds: 100 };
const CHECKED = { intervalSeconds: 100, timeoutSeconds: 100 };

/** What the driver says on the console, by its first word. */
async function told(machine: GuestMachine): Promise<Record<string, string>> {
  // On a busy host it takes much longer than on one that has nothing else to do.
  await machine.sees(/^T end$/m, { limitMs: 2 * HANGS_MS });
  const lines = (await machine.console()).split('\n').filter((line) => line.startsWith('T '));
  return Object.fromEntries(lines.map((line) => [line.split(' ')[1] ?? '', line.split(' ').slice(2).join(' ')]));
}

describe('services of the guest', () => {
  skipAllBecause(missingPrograms('qemu-system-x86_64'));

  test('start in order, keep secrets, are checked, restarted, told to stop, and tell a load balancer', async () => {
    const image = await imageOf({
      ready: { port: 80, failAfterSeconds: 240 },
      onboot: [
        script('seed', 'mkdir -p /run/t/www; echo ok >/run/t/www/index.html; printf tell >/run/secrets/token', {
          binds: ['/run:/run'],
        }),
        script('maybe', 'exit 4', { optional: true }),
        // What it says when there is no room for it must not end it.
        script('full', 'cat /dev/zero >/run/fill; echo one; sleep 2; echo two; sleep 2; rm /run/fill; echo three', {
          binds: ['/run:/run', '/dev:/dev'],
        }),
      ],
      onshutdown: [script('bye', 'sleep 0.2; echo T bye >/host/dev/console', HOST)],
      services: [
        // Ordered by name, every one of these would start before the one that it comes after.
        script('app', `echo "$(cat /t/order) app" >/t/order; ${untilStopped('app')}`, {
          ...SHARED,
          after: ['data'],
          stop: PATIENT,
        }),
        script('data', `echo "$(cat /t/order) data" >/t/order; sleep 1; : >/t/data; ${untilStopped('data')}`, {
          ...SHARED,
          after: ['migration'],
          rlimits: ['nofile,77,77'],
          // A check may do what its service may.
          health: { command: ['/usr/bin/busybox', 'sh', '-c', `${BOUND} && [ -e /t/data ]`], ...CHECKED },
          stop: PATIENT,
        }),
        script('migration', 'echo migration >/t/order', { ...SHARED, restart: { policy: 'never' } }),
        script('flaky', `: >/t/www/flaky; ${HTTPD} 8081`, {
          ...SHARED,
          health: {
            http: { port: 8081, path: '/flaky', status: 200 },
            ...{ intervalSeconds: 15, timeoutSeconds: 15, retries: 2 },
          },
          restart: { backoffSeconds: 0 },
        }),
        script('hanging', `${HTTPD} 8082`, {
          ...{ ...SHARED, net: 'new', capabilities: ['CAP_NET_ADMIN'] },
          command: ['/usr/bin/busybox', 'sh', '-c', `busybox ip link set lo up; ${HTTPD} 8082`],
          // Twice, since a busy host may keep even one that answers waiting.
          health: { http: { port: 8082 }, intervalSeconds: 8, timeoutSeconds: 8, retries: 2 },
          stop: { timeoutSeconds: 1 },
        }),
        script('held', HELD, { ...SHARED, readonly: false, restart: { policy: 'never' } }),
        script('loose', HELD.replaceAll('held', 'loose'), {
          ...{ ...SHARED, readonly: false, hardened: false },
          restart: { policy: 'never' },
        }),
        script('line', 'exec busybox nc -ll -p 8083 -e busybox true', {
          health: { tcp: { port: 8083 }, ...CHECKED },
        }),
        script('limited', '[ ! -e /t/crash ] || exit 6; exec sleep 1000', {
          ...SHARED,
          restart: { policy: 'on-failure', limit: 1, backoffSeconds: 0 },
        }),
        script('polite', POLITE, {
          stop: { signal: 'SIGINT', ...PATIENT },
          restart: { policy: 'on-failure' },
        }),
        script(
          'keeper',
          "ls -ln /run/secrets | busybox awk 'NR > 1 { print $1, $3, $4, $9 }'; cat /run/secrets/*; echo; env; exec sleep 1000",
          {
            ...{ uid: 65534, gid: 65534, secrets: ['token', 'key'] },
          },
        ),
        script('driver', DRIVER, HOST),
      ],
      // Without a newline.
      files: [{ path: 'etc/hostname', contents: 'of-a-file', mode: '0644' }],
    });
    await using machine = await GuestMachine.start(image, {
      devices: ['-fw_cfg', 'name=opt/ingot/secrets/key,string=hush'],
      commands: true,
    });
    const report = await machine.report();
    expect(report, JSON.stringify(report)).toMatchObject({
      ingot: 'ready',
      skipped: { 'onboot/001-maybe': 'exit status 4' },
      services: {
        app: 'running',
        data: 'healthy',
        migration: 'done',
        flaky: 'healthy',
        hanging: 'healthy',
        line: 'healthy',
        held: 'done',
        loose: 'done',
      },
    });
    expect(await machine.status('/')).toEqual([200, expect.objectContaining({ ingot: 'ready', image: image.digest })]);

    // It has waited for this, so as not to break anything before.
    const end = new AbortController();
    const begin = { run: ['touch', '/run/t/begin'], in: undefined, limitSeconds: 60 };
    // One channel: QEMU serves one connection at a time, and a second one would wait for the end of the first.
    const channel = machine.commands(end.signal);
    const begun = () => channel.run(begin);
    await expect.poll(begun, { timeout: HANGS_MS }).toMatchObject({ kind: 'exited', status: 0 });
    end.abort();
    const says = await told(machine);
    expect(says).toMatchObject({
      order: 'migration data app',
      held: '1 2 kcore 0, no mount, no namespace, no setting, no sysfs',
      loose: '0 0 , no mount',
      keeper: '-r-------- 65534 65534 key -r-------- 65534 65534 token uhfugryy',
      environment: '0',
      outside: 'drwx------ 0 0 dr-x------ 65534 65534',
      flaky: 'healthy',
      hanging: 'healthy',
      limited: 'failed: exited with status 6 after 1 restarts',
      restarted: 'polite: running',
      stopped: 'polite: stopped',
      started: 'polite: running',
      int: '2',
      reloaded: 'got HUP',
      refused: 'svc: limited does not run svc: there is no service none svc: nothing of that name has a log: none',
      full: 'three',
      name: 'of-a-file',
    });
    const said = await machine.console();
    expect(said).toMatch(
      /^ingot: flaky was not healthy: it answers with status 404 after \d+ s; it starts again in 0 s$/m,
    );
    expect(said).toMatch(/^ingot: hanging was not healthy: port 8082 does not answer after \d+ s;/m);
    expect(said).not.toMatch(/hush|tell/);
    await expect
      .poll(() => machine.status('/'), { timeout: HANGS_MS })
      .toEqual([
        503,
        expect.objectContaining({
          ingot: 'degraded',
          reason: 'limited: failed: exited with status 6 after 1 restarts',
        }),
      ]);

    await machine.pressPowerButton();
    expect(await machine.end()).toBe(0);
    expect(await machine.console()).toMatch(/^ingot: stopping\nT bye\nT ends app\nT ends data\ningot: poweroff$/m);
  });

  test('come back, each once, whatever of the runtime is killed; twenty of them start at once', async () => {
    const others = Array.from({ length: 19 }, (_, index) => {
      const name = `other-${index}`;
      if (index === 1) return script(name, endsBeside({ index, beside: 2 }), { ...SHARED_RUN, stop: PATIENT });
      if (index === 2) return script(name, endsBeside({ index, beside: 1 }), { ...SHARED_RUN, stop: PATIENT });
      const health = { health: { command: ['/usr/bin/busybox', 'true'], ...CHECKED } };
      return script(name, `: this-is-${index}-; while :; do sleep 1; done`, index % 5 === 0 ? health : {});
    });
    const ready = { port: 80, failAfterSeconds: 240 };
    const image = await imageOf({ ready, services: [...others, script('killer', KILLER, HOST)] });
    await using machine = await GuestMachine.start(image);
    await machine.sees(/^\{"ingot":/m, { limitMs: 2 * HANGS_MS });
    const report = await machine.report();
    expect(Object.keys(report.services ?? {})).toHaveLength(20);

    const says = await told(machine);
    expect(says).toMatchObject({ missing: '', twins: '', state: 'ready' });
    // Their supervisors, and what is kept beside: clock, web, power button, DHCP. With a supervisor goes what belongs to it.
    expect(Number(says.killed)).toBeGreaterThanOrEqual(others.length + 4);
    await expect.poll(() => machine.status('/'), { timeout: HANGS_MS }).toMatchObject([200, { ingot: 'ready' }]);

    await machine.pressPowerButton();
    expect(await machine.end()).toBe(0);
    // They are told at once, and not one after the other.
    expect(await machine.console()).toMatch(/^T 1 beside 2$/m);
    expect(await machine.console()).toMatch(/^T 2 beside 1$/m);
  });

  test.each([
    [
      'a service is never healthy',
      { health: { tcp: { port: 9 }, intervalSeconds: 1, startPeriodSeconds: 1, retries: 2 }, restart: { limit: 1 } },
      'bad: failed: was not healthy: port 9 takes no connection after 1 restarts',
    ],
    [
      'a secret is missing',
      { secrets: ['token'] },
      'bad: failed: secret token is missing: it is neither at /run/secrets/token nor at opt/ingot/secrets/token of the hypervisor',
    ],
    [
      'a service that is not started again fails',
      { restart: { policy: 'never' } },
      'bad: failed: exited with status 3',
    ],
  ])('fail the boot where %s', async (_, options, reason) => {
    const command = 'health' in options ? 'exec sleep 1000' : 'echo last words; exit 3';
    const image = await imageOf({ services: [script('bad', command, options), script('good', 'exec sleep 1000')] });
    await using machine = await GuestMachine.start(image);
    expect(await machine.report()).toEqual({ ingot: 'failed', image: image.digest, phase: 'services', reason });
    expect(await machine.end()).toBe(0);
  });

  test('are not waited for when the power button is pressed while the machine boots', async () => {
    const image = await imageOf({
      onboot: [script('long', 'echo T began >/dev/console; exec sleep 1000', { binds: ['/dev:/dev'] })],
      onshutdown: [script('bye', 'echo T never >/dev/console', { binds: ['/dev:/dev'] })],
      services: [script('web', 'exec sleep 1000')],
    });
    await using machine = await GuestMachine.start(image);
    await machine.sees(/^T began$/m);
    await machine.pressPowerButton();
    expect(await machine.end()).toBe(0);
    expect(await machine.console()).toMatch(/^T began\ningot: stopping\ningot: poweroff$/m);
  });
});

/** Kills every process of the runtime in turn, from the root's control group, and looks at what is there then. */
const KILLER = `
say() { echo "T $*" >/host/dev/console; }
until read -r machine </run/ingot/machine && [ $machine = ready ]; do sleep 0.1; done
read -r supervisor </run/ingot/supervisor/killer
killed=0
for folder in /proc/[0-9]*; do
  pid=\${folder#/proc/}
  # Not PID 1, no kernel thread, and nobody who is needed to tell of it.
  [ $pid -gt 2 ] && [ -e $folder/exe ] && [ $pid != $supervisor ] || continue
  read -r group <$folder/cgroup 2>/dev/null || continue
  case $group in
    # Seen from its own group.
    0::/.. | 0::/../other*) ;;
    *) continue ;;
  esac
  read -r _ comm _ parent _ <$folder/stat 2>/dev/null || continue
  [ $parent,$comm != "$supervisor,(crun)" ] || continue
  kill -9 $pid 2>/dev/null && killed=$((killed + 1))
done
say killed $killed
look() {
  seen=$(ps -o args | awk '
    match($0, /this-is-[0-9]+-/) { count[substr($0, RSTART + 8, RLENGTH - 9)]++ }
    END {
      for (i = 0; i < 19; i++) {
        if (count[i] < 1) missing = missing " " i
        if (count[i] > 1) twins = twins " " i
      }
      print "T missing" missing "\\nT twins" twins
    }')
  read -r machine </run/ingot/machine
}
# A process that is about to become its sleep looks like a twin, but not for long.
until_whole() {
  for i in $(seq 300); do
    look
    [ "$seen $machine" != "$(printf 'T missing\\nT twins') ready" ] || break
    sleep 0.5
  done
}
sleep 2
until_whole
sleep 3
until_whole
printf '%s\\n' "$seen" >/host/dev/console
say state $machine
say end
exec sleep 1000
`;

/** Says when it hears signals. */
const POLITE = `
trap "echo got INT; exit 0" INT; trap "echo got HUP" HUP; echo listens; while :; do sleep 0.1; done`;

/** What a container may not do. Without capabilities it could not mount in any case. */
const HELD = `
no() { name=$1; shift; "$@" 2>/dev/null || said="$said, no $name"; }
set_value() { value=$(cat $1) && echo $value >$1; }
said=$(sed -n 's/^NoNewPrivs:\\t//p; s/^Seccomp:\\t//p' /proc/self/status | tr '\\n' ' ')
[ -c /proc/kcore ] && said="\${said}kcore $(head -c 1 /proc/kcore | wc -c)"
no mount busybox mount -t tmpfs none /t
no namespace busybox unshare -U true
no setting set_value /proc/sys/kernel/panic
no sysfs set_value /sys/module/printk/parameters/time
echo "T held $said" >/dev/console
`;

/** Breaks one service after the other, and says on the console what becomes of them. */
const DRIVER = `
say() { echo "T $*" >/host/dev/console; }
state() { read -r state </run/ingot/state/$1; }
# What a service does when it is there, and what it says, comes when it comes.
await() { for i in $(seq 1000); do ! eval "$1" || return 0; sleep 0.1; done; }
until_state() { for i in $(seq 1000); do state $1; case $state in $2) return;; esac; sleep 0.1; done; }
svc() { sh /host/usr/bin/svc "$@"; }
until [ -e /run/t/begin ]; do sleep 0.1; done
await '[ "$(wc -w </run/t/order)" -ge 3 ]'
say order $(cat /run/t/order)
await 'grep -q ^PATH= /run/log/keeper.log'
say keeper $(head -n 2 /run/log/keeper.log) $(sed -n 3p /run/log/keeper.log | tr a-z n-za-m)
say environment $(tail -n +4 /run/log/keeper.log | grep -c -i -e [h]ush -e [t]ell)
say outside $(ls -ldn /run/ingot/secrets /run/ingot/secrets/services/keeper | awk '{ print $1, $3, $4 }')
rm /run/t/www/flaky; until_state flaky '[!h]*'; until_state flaky healthy; say flaky $state
kill -STOP $(ps -o pid,args | sed -n 's/^ *\\([0-9]*\\) busybox httpd .* 8082$/\\1/p')
until_state hanging '[!h]*'; until_state hanging healthy; say hanging $state
: >/run/t/crash; kill -9 $(cat /run/ingot/pid/limited); until_state limited 'failed*'; say limited $state
say restarted $(svc restart polite)
await '[ "$(grep -c listens /run/log/polite.log)" -ge 2 ]'
say stopped $(svc stop polite)
say started $(svc start polite)
await '[ "$(grep -c INT /run/log/polite.log)" -ge 2 ]'
say int $(grep -c INT /run/log/polite.log)
await '[ "$(grep -c listens /run/log/polite.log)" -ge 3 ]'
svc reload polite; await '[ "$(svc logs polite 1)" = "got HUP" ]'
say reloaded $(svc logs polite 1)
say refused $(svc reload limited 2>&1; svc start none 2>&1; svc logs none 2>&1)
say full $(svc logs 002-full 1)
say name $(hostname)
svc status >/host/dev/console
say end
exec sleep 1000
`;
