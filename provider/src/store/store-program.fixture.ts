import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ModuleKind, ScriptTarget, transpileModule } from 'typescript';

const SOURCE = join(__dirname, '..');
/** What a program is given. */
const PROGRAMS = ['store/store', 'store/prune', 'model/digest'];

/**
 * Compiles the store into a folder of the test's, for processes that share one.
 * @returns a function that runs CommonJS text in a new process; `store` and `prune` are the modules of that name there,
 *   `digest` is that of the model, and `argument` what was given.
 */
export function compileStore(folder: string): (text: string, argument: unknown) => Running {
  const compilerOptions = { module: ModuleKind.CommonJS, target: ScriptTarget.ES2023, esModuleInterop: true };
  const paths = new Set(PROGRAMS.map((name) => `${name}.ts`));
  // What is added while it goes through is gone through as well.
  for (const path of paths) {
    const text = readFileSync(join(SOURCE, path), 'utf8');
    for (const imported of importedBy(text)) paths.add(join(dirname(path), imported));
    const target = join(folder, path.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, transpileModule(text, { compilerOptions }).outputText);
  }
  writeFileSync(join(folder, 'package.json'), '{"type":"commonjs"}');
  let count = 0;
  return (text, argument) => {
    const head = PROGRAMS.map(
      (name) => `const ${name.split('/')[1]} = require(${JSON.stringify(join(folder, name))});`,
    ).join('');
    const script = `${head}const argument=${JSON.stringify(argument)};(async()=>{${text}})().catch((error)=>{console.error(error);process.exit(1)})`;
    const file = join(folder, `program-${count++}.js`);
    writeFileSync(file, script);
    const child = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'pipe'] });
    return { child, done: ended(child) };
  };
}

export interface Running {
  readonly child: ChildProcess;
  /** What it wrote to its standard output; what went wrong is thrown, unless it was killed. */
  readonly done: Promise<string>;
}

/** The files of ours that a module needs when it runs, relative to it. */
function importedBy(text: string): string[] {
  const found = text.matchAll(/^(?:import|export) (?!type )[^;]*? from '(\.[^']+)\.js';|\bimport\('(\.[^']+)\.js'\)/gm);
  return [...found].map(([, once, later]) => `${once ?? later}.ts`);
}

function ended(child: ChildProcess): Promise<string> {
  let output = '';
  let errors = '';
  child.stdout?.on('data', (chunk) => {
    output += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    errors += chunk;
  });
  return new Promise((resolve, reject) => {
    child.on('close', (code, signal) => {
      if (code === 0 || signal === 'SIGKILL') resolve(output);
      else reject(new Error(errors || `it ended with ${code ?? signal}`));
    });
  });
}
