/**
 * Who may import whom (ARCHITECTURE.md, "invariants"). A stage knows the nouns, the store and the codecs; only
 * pipeline.ts, with its folder, knows the stages. test/rules.test.ts shows that each of these rules bites.
 */

const STAGES = 'spec|source|tree|encode|publish|run|guest';
/** Same input, same output: what no clock, disk, network or environment can change. */
const PURE = 'model|format|spec|tree|encode';
const PURE_NODE = ['buffer', 'crypto', 'path/posix', 'stream', 'stream/promises', 'string_decoder', 'zlib'];
const TEST = '\\.(test|fixture)\\.ts$';

/** The name of a module of Node's, with or without its prefix. */
const node = (names) => `^(node:)?(${names.join('|')})$`;

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-cycle',
      comment: 'Modules that import each other are one module. Nouns import earlier nouns only.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-dangling-import',
      comment: 'It resolves to nothing: it is misspelt, or missing from a package.json.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'model-knows-nouns-only',
      severity: 'error',
      from: { path: '^provider/src/model/' },
      to: { path: '^provider/src/', pathNot: '^provider/src/model/' },
    },
    {
      name: 'format-knows-no-product',
      comment: 'A codec could be a package of its own; errors and digests are all it shares.',
      severity: 'error',
      from: { path: '^provider/src/format/' },
      to: { path: '^provider/src/', pathNot: ['^provider/src/format/', '^provider/src/model/(error|digest)\\.ts$'] },
    },
    {
      name: 'store-knows-nouns-and-codecs',
      severity: 'error',
      from: { path: '^provider/src/store/' },
      to: { path: '^provider/src/', pathNot: '^provider/src/(store|model|format)/' },
    },
    {
      name: 'stage-knows-no-stage',
      comment: 'A stage is given the noun of the one before it, by pipeline.ts.',
      severity: 'error',
      from: { path: `^provider/src/(${STAGES})/` },
      to: { path: '^provider/src/', pathNot: ['^provider/src/(model|store|format)/', '^provider/src/$1/'] },
    },
    {
      name: 'surface-knows-pipeline-only',
      comment: 'Handlers and commands ask pipeline.ts; they take no stage apart.',
      severity: 'error',
      from: { path: '^provider/src/(pulumi|cli)/', pathNot: TEST },
      to: {
        path: '^provider/src/',
        pathNot: ['^provider/src/((pipeline|settings)\\.ts$|model/)', '^provider/src/$1/'],
      },
    },
    {
      name: 'pipeline-is-asked-by-its-front',
      comment: 'pipeline.ts is the table of contents; the files of its folder are its own.',
      severity: 'error',
      from: { path: '^(provider|sdk)/src/', pathNot: ['^provider/src/pipeline(\\.ts$|/)', TEST] },
      to: { path: '^provider/src/pipeline/' },
    },
    {
      name: 'pipeline-knows-no-surface',
      severity: 'error',
      from: { path: '^provider/src/pipeline(\\.ts$|/)' },
      to: { path: '^provider/src/(pulumi|cli)/' },
    },
    {
      name: 'settings-know-nothing',
      severity: 'error',
      from: { path: '^provider/src/settings\\.ts$' },
      to: { path: '^provider/src/' },
    },
    {
      name: 'pure-does-no-io',
      comment: 'Bytes come through a reader that is passed in; time and ids as arguments.',
      severity: 'error',
      from: { path: `^provider/src/(${PURE})/`, pathNot: [TEST, '^provider/src/format/xz(-worker)?\\.ts$'] },
      to: { dependencyTypes: ['core'], pathNot: node(PURE_NODE) },
    },
    {
      name: 'xz-does-no-io-but-threads',
      comment: 'There is no native xz in Node; threads keep 30 seconds of decoding off the event loop.',
      severity: 'error',
      from: { path: '^provider/src/format/xz(-worker)?\\.ts$' },
      to: { dependencyTypes: ['core'], pathNot: node([...PURE_NODE, 'worker_threads', 'module', 'os', 'path']) },
    },
    {
      name: 'forwarder-stands-alone',
      comment: 'It outlives the engine and the Ingot that started it, and is small in memory.',
      severity: 'error',
      from: { path: '^provider/src/run/qemu/forwarder\\.ts$' },
      to: { reachable: true, path: ['^provider/src/', 'node_modules/'], pathNot: '^provider/src/run/qemu/' },
    },
    {
      name: 'pulumi-in-its-folder-only',
      comment: 'Ingot is of use without Pulumi.',
      severity: 'error',
      from: { path: '^provider/src/', pathNot: '^provider/src/pulumi/' },
      to: { path: '(^|node_modules/)@pulumi/' },
    },
    {
      name: 'sdk-is-thin',
      comment: 'What a Pulumi program loads is Pulumi and our classes.',
      severity: 'error',
      from: { path: '^sdk/src/', pathNot: TEST },
      to: { pathNot: ['^sdk/src/', '(^|node_modules/)@pulumi/', '^(node_modules/)?ingot(/|$)', '^provider/'] },
    },
    {
      name: 'sdk-takes-types-only',
      comment: 'The engine is loaded by the provider process, through provider.ts, and not by the program.',
      severity: 'error',
      from: { path: '^sdk/src/', pathNot: [TEST, '^sdk/src/provider\\.ts$'] },
      to: { path: ['^(node_modules/)?ingot(/|$)', '^provider/'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-undeclared-dependency',
      comment: 'Who installs the package gets its dependencies, and not those of its tests.',
      severity: 'error',
      from: { path: '^(provider|sdk)/src/', pathNot: TEST },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-test-in-product',
      severity: 'error',
      from: { path: '^(provider|sdk)/src/', pathNot: TEST },
      to: { path: TEST },
    },
  ],
  options: {
    doNotFollow: { path: ['node_modules', '/dist/'] },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['require', 'node', 'default', 'types'] },
  },
};
