import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { missingPrograms, skipAllBecause } from '../skip.js';
import { imageOf, script } from './guest-image.js';
import { type BootFiles, GuestMachine } from './guest-machine.js';
import { computeEngine, ec2, MetadataServer, type Service } from './metadata-server.js';
import {
  type AwsAccount,
  awsSecrets,
  type GcpProject,
  gcpSecrets,
  roleMetadata,
  type SecretApi,
  SecretService,
  serviceAccountMetadata,
  type Tls,
} from './secret-service.js';

const RECIPE = join(__dirname, '../../examples/recipes/cloud-secrets');
/** In all that must not be told, as the filter of `grep` that does not find itself. */
const MARK = '[p]ss-ss-t';
const SERVICE_SAYS = 'cd /run/secrets; stat -c "%a %u %n" *; cat *; env; echo that is all; exec sleep 1000000';
/**
 * What of a machine with so many secrets holds one: logs, what the runtime keeps, and the environment and words of all
 * processes. A log is written beside whom it is of: the search begins when the last words of both are there.
 */
const searchFor = (secrets: number): string =>
  'until grep -q "^that is all$" /run/log/web.log; do sleep 0.1; done; ' +
  `until [ "$(grep -c . /run/log/000-fetch-secrets.log)" -ge ${secrets} ]; do sleep 0.1; done; ` +
  `grep -rl '${MARK}' /run/log/0* /run/log/disks.log /run/config /run/ingot/plan /run/ingot/state /run/ingot/pid ` +
  `/proc/[0-9]*/environ /proc/[0-9]*/cmdline >/run/found 2>/dev/null; dmesg | grep '${MARK}' >>/run/found; ` +
  "grep -l '[p]lanted' /proc/[0-9]*/environ >/run/control; " +
  'chroot /proc/1/root /usr/bin/svc logs 000-fetch-secrets >/run/said; exec busybox httpd -f -p 80 -h /run';

interface Recipe {
  readonly onboot: readonly [{ readonly command: readonly string[]; readonly env?: readonly string[] }];
  readonly services: readonly [{ readonly secrets: readonly string[] }];
  readonly files: readonly { readonly source: string }[];
}

const AWS: AwsAccount = {
  ...{ region: 'eu-central-1', role: 'web', accessKeyId: 'ASIAEXAMPLE', secretAccessKey: 'pss-ss-t/of+the/role' },
  sessionToken: 'pss-ss-t/of+the/session==',
  secrets: { 'prod/database-password': 'pss-ss-t of the database\n', 'prod/bytes': Buffer.from('pss-ss-t of bytes\n') },
  parameters: { '/prod/api-key': 'pss-ss-t of the API\n' },
};
const GCP: GcpProject = {
  project: 'my-project',
  token: 'pss-ss-t.of.the.account',
  versions: {
    'projects/my-project/secrets/prod-database-password/versions/latest': Buffer.from('pss-ss-t of the database\n'),
    'projects/shared/secrets/api-key/versions/3': Buffer.from('pss-ss-t of the API\n'),
  },
};
const onEc2 = ['-smbios', 'type=1,manufacturer=Amazon EC2'];
const onComputeEngine = ['-smbios', 'type=1,manufacturer=Google,product=Google Compute Engine'];

describe('the recipe cloud-secrets', () => {
  const missing = missingPrograms('qemu-system-x86_64', 'busybox', 'openssl');
  skipAllBecause(missing);
  let folder: string;
  let tls: Tls;
  beforeAll(async () => {
    if (missing !== undefined) return;
    folder = await mkdtemp(join(tmpdir(), 'ingot-cloud-'));
    const [key, cert] = [join(folder, 'key'), join(folder, 'cert')];
    // What QEMU calls the host.
    const subject = ['-days', '2', '-subj', '/CN=cloud', '-addext', 'subjectAltName=IP:10.0.2.2'];
    const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    execFileSync('openssl', ['req', ...kind, ...subject, '-keyout', key, '-out', cert], { stdio: 'pipe' });
    tls = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
    return () => rm(folder, { recursive: true, force: true });
  });

  /** The image of a recipe that asks other places, which it trusts, for more; its service says what it sees. */
  async function imageFor(file: string, env: readonly string[], more: readonly string[] = []): Promise<BootFiles> {
    const recipe = parse(await readFile(join(RECIPE, file), 'utf8')) as Recipe;
    const [fetch] = recipe.onboot;
    const [service] = recipe.services;
    const secrets = [...service.secrets, ...more.map((word) => word.replace(/=.*/, ''))];
    return imageOf({
      ...recipe,
      ca: [tls.cert],
      onboot: [{ ...fetch, command: [...fetch.command, ...more], env }],
      services: [
        { ...service, command: ['busybox', 'sh', '-c', SERVICE_SAYS], secrets, env: ['OTHER=planted'] },
        script('look', searchFor(secrets.length), {
          ...{ binds: ['/run:/run'], pid: 'host', hardened: false, capabilities: ['all'], after: ['web'] },
        }),
      ],
      files: recipe.files.map((entry) => ({ ...entry, source: join(RECIPE, entry.source) })),
    });
  }

  /** What the secrets are, where they are, and that they are nowhere else. */
  async function tells(machine: GuestMachine, secrets: Readonly<Record<string, string>>): Promise<void> {
    expect(await machine.report(), await machine.console()).toMatchObject({ ingot: 'ready' });
    const names = Object.keys(secrets).sort();
    const said = await machine.get('/log/web.log');
    expect(said).toContain(
      [...names.map((name) => `400 65534 ${name}\n`), ...names.map((name) => secrets[name])].join(''),
    );
    // In the environment of the service that says its own least of all.
    expect(said.match(/pss-ss-t/g)).toHaveLength(names.length);
    expect(await machine.get('/found')).toBe('');
    // It would find them.
    expect(await machine.get('/control')).toMatch(/^\/proc\/\d+\/environ\n/);
    expect((await machine.get('/said')).split('\n').sort()).toEqual([
      '',
      ...names.map((name) => `fetch-secrets: ${name} is there`),
    ]);
    expect(await machine.console()).not.toContain('pss-ss-t');
  }

  async function fails(machine: GuestMachine, why: RegExp): Promise<void> {
    const reason = 'exit status 1';
    expect(await machine.report()).toMatchObject({ ingot: 'failed', phase: 'onboot/000-fetch-secrets', reason });
    expect(await machine.console()).toMatch(why);
    expect(await machine.console()).not.toContain('pss-ss-t');
    expect(await machine.end()).toBe(0);
  }

  describe('on EC2', () => {
    let service: SecretService;
    let account: AwsAccount = AWS;
    let image: BootFiles;
    beforeAll(async () => {
      if (missing !== undefined) return undefined;
      service = await SecretService.start((request, body) => awsSecrets(account)(request, body), tls);
      const endpoint = `https://10.0.2.2:${service.port}`;
      image = await imageFor(
        'aws.yml',
        [`AWS_ENDPOINT_URL_SECRETS_MANAGER=${endpoint}`, `AWS_ENDPOINT_URL_SSM=${endpoint}`],
        ['certificate=secretsmanager:prod/bytes'],
      );
      return () => service[Symbol.asyncDispose]();
    });
    const metadata = ec2({ 'meta-data/placement/region': AWS.region, ...roleMetadata(AWS) });

    async function boots(use: (machine: GuestMachine) => Promise<void>): Promise<void> {
      await using server = await MetadataServer.start(metadata);
      await using machine = await GuestMachine.start(image, { devices: [...server.devices, ...onEc2] });
      await use(machine);
    }

    test('gives a service what the role of the instance may read, and nobody else', async () => {
      account = AWS;
      await boots((machine) =>
        tells(machine, {
          'api-key': 'pss-ss-t of the API\n',
          certificate: 'pss-ss-t of bytes\n',
          'database-password': 'pss-ss-t of the database\n',
        }),
      );
      // What is answered too late, on a busy host, is asked again.
      expect(service.answered.filter((one, at, all) => one !== all[at - 1])).toEqual([
        'secretsmanager.GetSecretValue 200',
        'AmazonSSM.GetParameter 200',
        'secretsmanager.GetSecretValue 200',
      ]);
    });

    test('fails the boot where the role may not read one', async () => {
      account = { ...AWS, parameters: {} };
      const why =
        /fetch-secrets: api-key \(ssm \/prod\/api-key\): status 400: AccessDeniedException: User: arn:.* is not authorized/;
      await boots((machine) => fails(machine, why));
    });

    test('fails the boot where AWS does not take the signature', async () => {
      account = { ...AWS, secretAccessKey: 'another' };
      const why =
        /fetch-secrets: database-password \(.*\): status 403: InvalidSignatureException: .*not that signature/;
      await boots((machine) => fails(machine, why));
    });
  });

  describe('on Compute Engine', () => {
    let service: SecretService;
    let api: SecretApi = gcpSecrets(GCP);
    let image: BootFiles;
    beforeAll(async () => {
      if (missing !== undefined) return undefined;
      service = await SecretService.start((request, body) => api(request, body), tls);
      const endpoint = `CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER=https://10.0.2.2:${service.port}/`;
      image = await imageFor('gcp.yml', [endpoint]);
      return () => service[Symbol.asyncDispose]();
    });
    const metadata: Service = computeEngine({ 'instance/id': '1', ...serviceAccountMetadata(GCP) });

    async function boots(use: (machine: GuestMachine) => Promise<void>): Promise<void> {
      await using server = await MetadataServer.start(metadata);
      await using machine = await GuestMachine.start(image, { devices: [...server.devices, ...onComputeEngine] });
      await use(machine);
    }

    test('gives a service what the service account may read, and nobody else', async () => {
      await boots((machine) =>
        tells(machine, { 'api-key': 'pss-ss-t of the API\n', 'database-password': 'pss-ss-t of the database\n' }),
      );
    });

    test('fails the boot where the account may not read one', async () => {
      api = gcpSecrets({ ...GCP, versions: {} });
      const why =
        /fetch-secrets: database-password \(projects\/my-project\/.*\): status 403: PERMISSION_DENIED: Permission /;
      await boots((machine) => fails(machine, why));
    });
  });
});
