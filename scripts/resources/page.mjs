// The reference of the resources, from the TypeScript of the package pulumi-ingot: classes, what they take, what they tell.

import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(import.meta.url);
const ts = require('typescript');

const HEAD = `<!-- Written by scripts/generate-resources.mjs from sdk/src: change that, and run it. -->

# Resources

What a Pulumi program declares with \`import * as ingot from 'pulumi-ingot'\`. Every input may be an \`Output\`. A name that there is not is an error of the preview, in programs without types, too. Besides these, each resource takes Pulumi's own options, but \`provider\`, which is refused: it would have no effect.
`;

/** @returns {string} Markdown. */
export function resourcesPage(root) {
  const sdk = join(root, 'sdk');
  const config = ts.getParsedCommandLineOfConfigFile(
    join(sdk, 'tsconfig.json'),
    {},
    { ...ts.sys, onUnRecoverableConfigFileDiagnostic() {} },
  );
  const entry = join(sdk, 'src/index.ts');
  const program = ts.createProgram([entry], { ...config.options, noEmit: true, composite: false, incremental: false });
  const checker = program.getTypeChecker();
  const page = new Page(checker, join(sdk, 'src'));
  const module = checker.getSymbolAtLocation(program.getSourceFile(entry));
  for (const [name, symbol] of classesOf(module, checker, 'ingot.')) page.addResource(name, symbol);
  return `${HEAD}\n${page.text()}`;
}

/** Classes by name as programs write it, those of namespaces behind the others. */
function classesOf(module, checker, prefix) {
  const found = [];
  const inner = [];
  for (const exported of checker.getExportsOfModule(module)) {
    const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
    if (symbol.flags & ts.SymbolFlags.Class) found.push([`${prefix}${exported.name}`, symbol]);
    else if (symbol.flags & ts.SymbolFlags.ValueModule)
      inner.push(...classesOf(symbol, checker, `${prefix}${exported.name}.`));
  }
  return [...found, ...inner];
}

class Page {
  #checker;
  #folder;
  #sections = [];
  #types = new Map();

  constructor(checker, folder) {
    this.#checker = checker;
    this.#folder = folder;
  }

  addResource(name, symbol) {
    const declaration = symbol.declarations.find(ts.isClassDeclaration);
    const made = declaration.members.find(ts.isConstructorDeclaration);
    const args = made.parameters[1];
    const inputs = this.#members(this.#checker.getTypeAtLocation(args), args);
    const outputs = declaration.members
      .filter((member) => ts.isPropertyDeclaration(member) && !member.name.getText().startsWith('__'))
      .map((member) => {
        const type = this.#checker.getTypeAtLocation(member);
        const inner = this.#checker.getTypeArguments(type)[0] ?? type;
        this.#collect(inner);
        return {
          name: member.name.getText(),
          type: this.#typeText(inner, member).replace(/^pulumi\.Output<(.*)>$/, '$1'),
          text: this.#doc(this.#checker.getSymbolAtLocation(member.name)),
        };
      });
    this.#sections.push(
      `## ${name}`,
      this.#doc(symbol),
      '### Takes',
      table(inputs),
      'What is marked with `*` is needed.',
      ...(outputs.length > 0 ? ['### Tells', table(outputs)] : []),
    );
  }

  text() {
    const types = [];
    // Types that are found while others are told come behind them.
    for (const { name, type, at, doc } of this.#types.values()) {
      types.push(`### ${name}`, ...(doc ? [doc] : []), table(this.#members(type, at)));
    }
    return `${[...this.#sections, ...(types.length > 0 ? ['## Types', ...types] : [])].join('\n\n')}\n`;
  }

  #members(type, at) {
    const named = new Map();
    for (const part of type.isUnion() ? type.types : [type]) {
      for (const property of this.#checker.getPropertiesOfType(part))
        if (!named.has(property.name)) named.set(property.name, property);
    }
    return [...named.values()]
      .filter(({ name }) => !name.startsWith('__'))
      .map((property) => {
        const declared = this.#checker.getTypeOfSymbolAtLocation(property, property.valueDeclaration ?? at);
        this.#collect(declared);
        const optional = (property.flags & ts.SymbolFlags.Optional) !== 0;
        return {
          name: optional ? property.name : `${property.name} *`,
          type: this.#widest(type, property.name) ?? this.#typeText(declared, property.valueDeclaration ?? at),
          text: this.#doc(property),
        };
      });
  }

  /** Where there are several ways to give an input: the one that takes most, as it is written. */
  #widest(type, name) {
    const ways = this.#checker.getPropertyOfType(type, name)?.declarations ?? [];
    if (ways.length < 2) return undefined;
    const texts = ways.map((way) => this.#typeText(undefined, way));
    return texts.includes('true') && texts.includes('false')
      ? 'boolean'
      : texts.reduce((widest, text) => (text.length > widest.length ? text : widest));
  }

  /** As it is written, without what every input is wrapped in. */
  #typeText(type, at) {
    const node = at.type;
    const text = node ? node.getText() : this.#checker.typeToString(type, at, ts.TypeFormatFlags.NoTruncation);
    return inputOf(text.replace(/\s+/g, ' ').replace(/\/\*\*.*?\*\/ /g, ''));
  }

  /** Interfaces of our own that are told of further down. */
  #collect(type) {
    const queue = [type];
    const seen = new Set();
    while (queue.length > 0) {
      const one = queue.pop();
      if (one === undefined || seen.has(one) || seen.size > 500) continue;
      seen.add(one);
      if (one.isUnionOrIntersection()) queue.push(...one.types);
      queue.push(
        ...(one.aliasTypeArguments ?? []),
        ...(one.objectFlags & ts.ObjectFlags.Reference ? this.#checker.getTypeArguments(one) : []),
      );
      const symbol = one.symbol;
      const declaration = symbol?.declarations?.find(ts.isInterfaceDeclaration);
      if (declaration === undefined || !declaration.getSourceFile().fileName.startsWith(this.#folder)) continue;
      // The spec has a page of its own.
      if (declaration.getSourceFile().fileName.endsWith('/spec.ts') || this.#types.has(symbol.name)) continue;
      this.#types.set(symbol.name, { name: symbol.name, type: one, at: declaration, doc: this.#doc(symbol) });
    }
  }

  #doc(symbol) {
    return ts.displayPartsToString(symbol.getDocumentationComment(this.#checker)).trim();
  }
}

/** `pulumi.Input<T>` is T: every input may be an output. */
function inputOf(text) {
  let shown = text;
  for (;;) {
    const next = shown.replace(/pulumi\.Input<((?:[^<>]|<[^<>]*>)*)>/g, '$1');
    if (next === shown) return shown;
    shown = next;
  }
}

function table(rows) {
  const cell = (text) => text.replace(/\s*\n\s*/g, ' ').replaceAll('|', '\\|');
  return [
    '| name | type | what it is |',
    '|---|---|---|',
    ...rows.map(({ name, type, text }) => `| \`${name}\` | \`${cell(type)}\` | ${cell(text)} |`),
  ].join('\n');
}
