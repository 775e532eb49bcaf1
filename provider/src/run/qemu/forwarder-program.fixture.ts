import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ModuleKind, ScriptTarget, transpileModule } from 'typescript';

/** What the forwarder is made of; also a test that it is nothing else. */
const SOURCES = ['forwarder', 'forwarder-protocol', 'http-exchange', 'line-stream', 'process-identity', 'relay'];

/**
 * Compiles the forwarder's program as the build does, into a folder of the test's.
 * @returns its path.
 */
export function compileForwarder(folder: string): string {
  mkdirSync(folder, { recursive: true });
  const compilerOptions = { module: ModuleKind.CommonJS, target: ScriptTarget.ES2023, esModuleInterop: true };
  for (const name of SOURCES) {
    const source = readFileSync(join(__dirname, `${name}.ts`), 'utf8');
    writeFileSync(join(folder, `${name}.js`), transpileModule(source, { compilerOptions }).outputText);
  }
  writeFileSync(join(folder, 'package.json'), '{"type":"commonjs"}');
  return join(folder, 'forwarder.js');
}
