import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type Signer, signatureFault } from './aws-signature.js';

/** An answer: its status, and what becomes JSON. */
export type Answer = readonly [status: number, body: object];
/** Undefined hangs. */
export type SecretApi = (request: IncomingMessage, body: string) => Answer | undefined;

/** In PEM form. */
export interface Tls {
  readonly key: string;
  readonly cert: string;
}

/** The API of a provider on the loopback, over plain HTTP where it has no certificate. Ends with `await using`. */
export class SecretService implements AsyncDisposable {
  /** Of each request what it asked for and how that ended. */
  readonly answered: string[] = [];
  readonly #server: Server;

  private constructor(api: SecretApi, tls: Tls | undefined) {
    const listener: RequestListener = async (request, response) => {
      let body = '';
      try {
        for await (const piece of request.setEncoding('utf8')) body += piece;
      } catch {
        // Who asked has gone before we listened, as one does that waited too long; it asks again.
        return;
      }
      const answer = api(request, body);
      this.answered.push(`${request.headers['x-amz-target'] ?? request.url} ${answer?.[0]}`);
      if (answer === undefined) return;
      response.writeHead(answer[0], { 'content-type': 'application/json' }).end(JSON.stringify(answer[1]));
    };
    this.#server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  }

  static async start(api: SecretApi, tls?: Tls): Promise<SecretService> {
    const service = new SecretService(api, tls);
    await new Promise<void>((resolve) => service.#server.listen(0, '127.0.0.1', resolve));
    return service;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

export interface AwsAccount {
  readonly region: string;
  readonly role: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  /** Those of Secrets Manager are text or bytes. */
  readonly secrets: Readonly<Record<string, string | Buffer>>;
  readonly parameters: Readonly<Record<string, string>>;
}

/** What EC2 says of the role of an instance, by path. */
export function roleMetadata({ role, accessKeyId, secretAccessKey, sessionToken }: AwsAccount): Record<string, string> {
  const path = 'meta-data/iam/security-credentials/';
  const credentials = {
    ...{ Code: 'Success', LastUpdated: '2026-01-01T00:00:00Z', Type: 'AWS-HMAC', Expiration: '2100-01-01T00:00:00Z' },
    ...{ AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, Token: sessionToken },
  };
  return { [path]: role, [path + role]: JSON.stringify(credentials) };
}

/** Secrets Manager's GetSecretValue and SSM's GetParameter, for the requests that the account has signed. */
export function awsSecrets(account: AwsAccount): SecretApi {
  return ({ method = '', url = '', headers }, body) => {
    const target = headers['x-amz-target'];
    const service = target === 'AmazonSSM.GetParameter' ? 'ssm' : 'secretsmanager';
    const signer: Signer = { ...account, service };
    const fault = signatureFault({ method, url, headers, body }, { signer, now: new Date() });
    if (fault !== undefined) return refused(403, 'InvalidSignatureException', `The signature does not match: ${fault}`);
    if (headers['x-amz-security-token'] !== account.sessionToken) {
      return refused(403, 'UnrecognizedClientException', 'The security token included in the request is invalid.');
    }
    if (method !== 'POST' || url !== '/' || headers['content-type'] !== 'application/x-amz-json-1.1') {
      return refused(404, 'UnknownOperationException', '');
    }
    const asked = JSON.parse(body) as Readonly<Record<string, unknown>>;
    if (target === 'secretsmanager.GetSecretValue') return secretValue(account, String(asked.SecretId));
    if (target === 'AmazonSSM.GetParameter' && asked.WithDecryption === true) return parameter(account, asked);
    return refused(400, 'ValidationException', target?.toString() ?? '');
  };
}

function secretValue({ role, secrets }: AwsAccount, id: string): Answer {
  const value = secrets[id];
  if (value === undefined)
    return refused(400, 'AccessDeniedException', denied(role, 'secretsmanager:GetSecretValue', id));
  const said = typeof value === 'string' ? { SecretString: value } : { SecretBinary: value.toString('base64') };
  return [200, { ARN: `arn:aws:secretsmanager:eu-central-1:123456789012:secret:${id}-AbCdEf`, Name: id, ...said }];
}

function parameter({ role, parameters }: AwsAccount, asked: Readonly<Record<string, unknown>>): Answer {
  const name = String(asked.Name);
  const value = parameters[name];
  if (value === undefined) return refused(400, 'AccessDeniedException', denied(role, 'ssm:GetParameter', name));
  return [200, { Parameter: { Name: name, Type: 'SecureString', Value: value, Version: 1 } }];
}

function denied(role: string, action: string, resource: string): string {
  return (
    `User: arn:aws:sts::123456789012:assumed-role/${role}/i-0123456789abcdef0 is not authorized to perform: ${action} ` +
    `on resource: ${resource} because no identity-based policy allows the ${action} action`
  );
}

/** As Secrets Manager and SSM refuse. */
function refused(status: number, type: string, message: string): Answer {
  return [status, { __type: type, Message: message }];
}

export interface GcpProject {
  readonly project: string;
  readonly token: string;
  /** By the name of a version. */
  readonly versions: Readonly<Record<string, Buffer>>;
}

/** What Compute Engine says of the service account of an instance, by path. */
export function serviceAccountMetadata({ project, token }: GcpProject): Record<string, string> {
  return {
    'project/project-id': project,
    'instance/service-accounts/default/token': JSON.stringify({
      ...{ access_token: token, expires_in: 3599, token_type: 'Bearer' },
    }),
  };
}

/** Secret Manager's `access` of a version, for those who have the token. */
export function gcpSecrets({ token, versions }: GcpProject): SecretApi {
  return ({ method, url = '', headers }) => {
    if (headers.authorization !== `Bearer ${token}`) {
      return gcpRefused(401, 'UNAUTHENTICATED', 'Request had invalid authentication credentials.');
    }
    const [, name = ''] = /^\/v1\/(.*):access$/.exec(url) ?? [];
    const value = method === 'GET' ? versions[name] : undefined;
    if (value !== undefined) return [200, { name, payload: { data: value.toString('base64') } }];
    const what = "Permission 'secretmanager.versions.access' denied for resource";
    return gcpRefused(403, 'PERMISSION_DENIED', `${what} '${name}' (or it may not exist).`);
  };
}

function gcpRefused(code: number, status: string, message: string): Answer {
  return [code, { error: { code, message, status } }];
}
