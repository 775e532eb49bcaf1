import * as pulumi from '@pulumi/pulumi';

/**
 * What the engine stores as the provider of each resource, and evaluates: one constant line, so that states of every
 * age run the package that is installed now.
 */
const PROVIDER = "exports.handler = () => require('pulumi-ingot/provider');";

/** Inputs of a resource by name; outputs are declared with `undefined`, which makes them known to the engine. */
export type Properties = Record<string, unknown>;

/** What every resource of Ingot is to the engine: a dynamic resource whose handlers lie in the package `ingot`. */
export abstract class Resource extends pulumi.CustomResource {
  /**
   * @param type name of the handler, such as `local.Instance`
   * @param secret tells whether anything in the inputs is secret, which handlers cannot see
   */
  protected constructor(
    type: string,
    name: string,
    args: { properties: Properties; secret: pulumi.Input<boolean> },
    options: pulumi.CustomResourceOptions = {},
  ) {
    const token = `pulumi-nodejs:dynamic/ingot:${type}`;
    refuseProvider(token, name, options);
    super(
      token,
      name,
      {
        ...args.properties,
        __provider: PROVIDER,
        __type: type,
        __urn: promiseOf(pulumi.createUrn(name, token, options.parent)),
        __secret: args.secret,
      },
      // The pinned spec is long, and says nothing to people; that it differs shows in the digest.
      { ...options, hideDiffs: [...(options.hideDiffs ?? []), '__lock', '__rootBytes'] },
    );
  }
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
