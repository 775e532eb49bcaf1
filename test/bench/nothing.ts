/** A program with one dynamic resource in place of ours, whose handlers do nothing: what the engine takes by itself. */
export const NOTHING = {
  'index.ts': `
import * as pulumi from '@pulumi/pulumi';

const port = new pulumi.Config().getNumber('port') ?? 8080;

class Nothing extends pulumi.CustomResource {
  constructor(name: string) {
    super('pulumi-nodejs:dynamic/bench:Nothing', name, { port, __provider: HANDLERS });
  }
}
const HANDLERS = \`exports.handler = () => ({
  check: async (olds, news) => ({ inputs: news }),
  diff: async () => ({ changes: false }),
  create: async (inputs) => ({ id: 'nothing', outs: inputs }),
  delete: async () => {},
})\`;
new Nothing('web');
export const url = \`http://127.0.0.1:\${port}\`;
`,
  'tsconfig.json': JSON.stringify({ compilerOptions: { module: 'nodenext', moduleResolution: 'nodenext' } }),
};
