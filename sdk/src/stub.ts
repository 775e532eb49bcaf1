import * as pulumi from '@pulumi/pulumi';

/**
 * What the engine stores as the provider of each resource, and evaluates: one constant line, so that states of every
 * age run the package that is installed now.
 */
const PROVIDER = "exports.handler = () => require('pulumi-ingot/provider');";

/** Inputs of a resource by name; outputs are declared with `undefined`, which makes them known to the engine. */
export type Properties = Record<string, unknown>;

/** Every name that arguments can have, where they can be of several shapes those of all. */
export type NamesOf<Args extends object> = Readonly<Record<Args extends unknown ? keyof Args : never, true>>;

/** @throws {pulumi.RunError} where a program in JavaScript passes none, or something else. */
export function requireArgs(what: string, args: unknown): void {
  if (typeof args === 'object' && args !== null && !Array.isArray(args)) return;
  throw new pulumi.RunError(`Cannot create ${what}: it has no arguments; pass them as an object after its name`);
}

/** What every resource of Ingot is to the engine: a dynamic resource whose handlers lie in the package `ingot`. */
export abstract class Resource extends pulumi.CustomResource {
  /**
   * @param type name of the handler, such as `local.Instance`
   * @param args what the program gave; a name in it that is none of `names` fails the check, which knows the nearest
   * @param secret tells whether anything in the inputs is secret, which handlers cannot see
   */
  protected constructor(
    type: string,
    name: string,
    {
      args,
      names,
      properties,
      secret,
    }: {
      args: object;
      names: Readonly<Record<string, true>>;
      properties: Properties;
      secret: pulumi.Input<boolean>;
    },
    options: pulumi.CustomResourceOptions = {},
  ) {
    const token = `pulumi-nodejs:dynamic/ingot:${type}`;
    refuseProvider(token, name, options);
    super(
      token,
      name,
      {
        ...properties,
        ...misnamed(args, names),
        __provider: PROVIDER,
        __type: type,
        __urn: promiseOf(pulumi.createUrn(name, token, options.parent)),
        __secret: secret,
      },
      // The pinned spec is long, and says nothing to people; that it differs shows in the digest.
      { ...options, hideDiffs: [...(options.hideDiffs ?? []), '__lock', '__rootBytes'] },
    );
  }
}

/** Only names, since what stands there may be secret; nothing where all are known. */
function misnamed(args: object, names: Readonly<Record<string, true>>): Properties {
  const given = Object.entries(args).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  const unknown = given.filter((name) => !Object.hasOwn(names, name));
  return unknown.length === 0 ? {} : { __misnamed: { names: unknown, known: Object.keys(names) } };
}

/**
 * The value without what it depends on: the URN is made of that of the parent, and a child that depends on the component
 * that it is in waits for all children of that, itself among them.
 */
function promiseOf(output: pulumi.Output<string>): Promise<string> {
  return new Promise((done) => output.apply((value) => done(value)));
}

/** Whether any of the values is, or contains, a secret. */
export function containsSecret(...values: unknown[]): pulumi.Output<boolean> {
  return pulumi
    .unsecret(pulumi.output(Promise.all(values.map((value) => pulumi.isSecret(pulumi.output(value))))))
    .apply((answers) => answers.some(Boolean));
}

function refuseProvider(token: string, name: string, options: pulumi.CustomResourceOptions): void {
  if (options.provider !== undefined) {
    throw new pulumi.RunError(
      `Cannot create ${token} '${name}': the option "provider" has no effect on it; leave it out, and give accounts and regions as inputs`,
    );
  }
}
