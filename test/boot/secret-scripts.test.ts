import { execFile, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { missingPrograms, skipAllBecause, skipBecause } from '../skip.js';
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
} from './secret-service.js';

const RECIPE = join(__dirname, '../../examples/recipes/cloud-secrets');
const EVERY_BYTE = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
const AWS: AwsAccount = {
  ...{ region: 'eu-central-1', role: 'web@prod', accessKeyId: 'ASIAEXAMPLE', secretAccessKey: 'a/secret+"key"\\' },
  sessionToken: 'the/session+token==',
  secrets: { 'prod/text': 'of the "text" ü\n\n', 'prod/bytes': EVERY_BYTE },
  parameters: { '/prod/key': 'of-the-parameter' },
};
const GCP: GcpProject = {
  project: 'my-project',
  token: 'ya29.the-token',
  versions: {
    'projects/my-project/secrets/text/versions/latest': Buffer.from('of the "text" ü\n\n'),
    'projects/other/secrets/bytes/versions/3': EVERY_BYTE,
  },
};

interface Ended {
  readonly code: number;
  readonly printed: string;
}

/** The scripts on this host, with its curl and jq; test/boot/secrets.test.ts runs them in a machine. */
describe('the scripts of the recipe cloud-secrets', () => {
  skipAllBecause(missingPrograms('busybox', 'curl', 'jq'));
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ingot-secrets-'));
    for (const name of ['work', 'secrets']) await mkdir(join(folder, name));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  function run(script: string, words: readonly string[], more: Readonly<Record<string, string>>): Promise<Ended> {
    const env = {
      ...{ PATH: process.env.PATH, TMPDIR: join(folder, 'work'), SECRETS_FOLDER: join(folder, 'secrets') },
      // Nobody is to ask there.
      ...{ http_proxy: 'http://127.0.0.1:9', https_proxy: 'http://127.0.0.1:9', ...more },
    };
    return new Promise((resolve) => {
      execFile('busybox', ['sh', join(RECIPE, script), ...words], { env }, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), printed: stdout + stderr });
      });
    });
  }

  async function aws(words: readonly string[], parts: { metadata?: Service; api?: SecretApi } = {}): Promise<Ended> {
    const { metadata = ec2(roleMetadata(AWS)), api = awsSecrets(AWS) } = parts;
    await using role = await MetadataServer.start(metadata);
    await using service = await SecretService.start(api);
    const ended = await run('aws.sh', words, {
      AWS_REGION: AWS.region,
      AWS_EC2_METADATA_SERVICE_ENDPOINT: `http://127.0.0.1:${role.port}`,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: `http://127.0.0.1:${service.port}`,
      AWS_ENDPOINT_URL_SSM: `http://127.0.0.1:${service.port}`,
    });
    expect(ended.printed).not.toMatch(/of the "text"|of-the-parameter|a\/secret|session\+token/);
    return ended;
  }

  async function gcp(words: readonly string[], api = gcpSecrets(GCP)): Promise<Ended> {
    await using account = await MetadataServer.start(computeEngine(serviceAccountMetadata(GCP)));
    await using service = await SecretService.start(api);
    const ended = await run('gcp.sh', words, {
      GCE_METADATA_HOST: `127.0.0.1:${account.port}`,
      CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER: `http://127.0.0.1:${service.port}/`,
    });
    expect(ended.printed).not.toMatch(/of the "text"|the-token/);
    return ended;
  }

  async function secret(name: string): Promise<Buffer> {
    const file = join(folder, 'secrets', name);
    expect((await stat(file)).mode & 0o777).toBe(0o400);
    return readFile(file);
  }

  test.for(['aws.sh', 'gcp.sh'])('%s passes shellcheck', (script, context) => {
    const missing = missingPrograms('shellcheck');
    if (missing !== undefined) skipBecause(context, missing);
    const options = ['--external-sources', '--check-sourced', '--source-path=SCRIPTDIR', '--color=never'];
    const { status, stdout } = spawnSync('shellcheck', [...options, join(RECIPE, script)], { encoding: 'utf8' });
    expect(status, stdout).toBe(0);
  });

  test('aws.sh reads text, bytes and parameters to the last byte', async () => {
    const ended = await aws([
      'text=secretsmanager:prod/text',
      'a.b_c-1=secretsmanager:prod/bytes',
      'key=ssm:/prod/key',
    ]);
    expect(ended).toEqual({
      code: 0,
      printed: 'fetch-secrets: text is there\nfetch-secrets: a.b_c-1 is there\nfetch-secrets: key is there\n',
    });
    expect(String(await secret('text'))).toBe('of the "text" ü\n\n');
    expect(await secret('a.b_c-1')).toEqual(EVERY_BYTE);
    expect(String(await secret('key'))).toBe('of-the-parameter');
    expect(await readdir(join(folder, 'secrets'))).toHaveLength(3);
  });

  test('gcp.sh reads the latest version, and the one that is named', async () => {
    const ended = await gcp(['text=text', 'bytes=projects/other/secrets/bytes/versions/3']);
    expect(ended).toEqual({ code: 0, printed: 'fetch-secrets: text is there\nfetch-secrets: bytes is there\n' });
    expect(String(await secret('text'))).toBe('of the "text" ü\n\n');
    expect(await secret('bytes')).toEqual(EVERY_BYTE);
  });

  test.each<[string, string, { metadata?: Service; api?: SecretApi }]>([
    [
      'other=secretsmanager:prod/other',
      'other (secretsmanager prod/other): status 400: AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/web@prod/',
      {},
    ],
    ['key=ssm:/other', 'key (ssm /other): status 400: AccessDeniedException: User: ', {}],
    [
      'text=secretsmanager:prod/text',
      'text (secretsmanager prod/text): status 403: InvalidSignatureException: The signature does not match: not that signature',
      { metadata: ec2(roleMetadata({ ...AWS, secretAccessKey: 'another' })) },
    ],
    [
      'text=secretsmanager:prod/text',
      'text (secretsmanager prod/text): status 403: UnrecognizedClientException',
      { metadata: ec2(roleMetadata({ ...AWS, sessionToken: 'another' })) },
    ],
    [
      'text=secretsmanager:prod/text',
      'the credentials of role web: Failed: no such role',
      {
        metadata: ec2({
          'meta-data/iam/security-credentials/': 'web',
          'meta-data/iam/security-credentials/web': '{"Code":"Failed","Message":"no such\\u0007\\nrole"}',
        }),
      },
    ],
    ['text=secretsmanager:prod/text', 'text: the answer is not the JSON of a secret', { api: () => [200, ['x']] }],
    ['text=secretsmanager:prod/text', 'text: the secret is empty', { api: () => [200, { SecretString: '' }] }],
    ['text=secretsmanager:prod/text', 'text: the answer is not base64', { api: () => [200, { SecretBinary: '%' }] }],
    ['text=vault:x', 'text: secretsmanager:ID or ssm:PARAMETER is wanted', {}],
    ['text', 'text: NAME=SOURCE is wanted', {}],
    ['../x=ssm:/prod/key', '../x: a name has letters', {}],
    ['.x=ssm:/prod/key', '.x: a name has letters', {}],
  ])('aws.sh gives up on %s: %s', async (word, message, parts) => {
    const ended = await aws([word], parts);
    expect(ended.printed).toContain(`fetch-secrets: ${message}`);
    expect(ended.code).toBe(1);
    expect(await readdir(join(folder, 'secrets'))).toEqual([]);
  });

  test.each<[string, string, SecretApi | undefined]>([
    [
      'other=other',
      'other (projects/my-project/secrets/other/versions/latest): status 403: PERMISSION_DENIED: ',
      undefined,
    ],
    ['text=text', 'status 401: UNAUTHENTICATED: ', gcpSecrets({ ...GCP, token: 'another' })],
    ['text=text', 'status 404: NOT_FOUND: no', () => [404, { error: { status: 'NOT_FOUND', message: 'no' } }]],
    ['text=a/b', 'text: SECRET or projects/PROJECT/secrets/SECRET/versions/VERSION is wanted', undefined],
    ['text=a?b', 'text: this is no name of a secret: projects/my-project/secrets/a?b/versions/latest', undefined],
  ])('gcp.sh gives up on %s: %s', async (word, message, api) => {
    const ended = await gcp([word], api);
    expect(ended.printed).toContain(message);
    expect(ended.code).toBe(1);
    expect(await readdir(join(folder, 'secrets'))).toEqual([]);
  });

  test('asks again where there is no answer yet, and not for ever', async () => {
    const api = awsSecrets(AWS);
    let asked = 0;
    const slow: SecretApi = (request, body) => {
      asked += 1;
      if (asked === 1) return [400, { __type: 'ThrottlingException', message: 'Rate exceeded' }];
      return asked === 2 ? [503, {}] : api(request, body);
    };
    expect(await aws(['key=ssm:/prod/key'], { api: slow })).toMatchObject({ code: 0 });
    // Or more: what is answered too late is asked again.
    expect(asked).toBeGreaterThanOrEqual(3);
    const broken = await aws(['key=ssm:/prod/key'], { api: () => [500, { message: 'no' }] });
    expect(broken).toEqual({ code: 1, printed: 'fetch-secrets: key (ssm /prod/key): status 500: no\n' });
  });

  test('waits for a role that comes late', async () => {
    const late = ec2(roleMetadata(AWS));
    let asked = 0;
    const metadata: Service = (request, response) => {
      if (request.url?.endsWith('security-credentials/') && ++asked === 1) return undefined;
      return late(request, response);
    };
    expect(await aws(['key=ssm:/prod/key'], { metadata })).toMatchObject({ code: 0 });
  });
});
