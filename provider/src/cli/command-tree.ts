import type { Command, Option } from 'commander';
import { FORMATS } from './format-names.js';

/** A command as it is declared, for completion and for the manual. */
export interface CommandNode {
  /** `cache export`; empty for `ingot` itself. */
  readonly path: string;
  readonly name: string;
  readonly description: string;
  readonly options: readonly OptionNode[];
  readonly commands: readonly CommandNode[];
  /** All that its argument can be, where that is known. */
  readonly choices: readonly string[];
}

export interface OptionNode {
  /** `-o` and `--output`; those that there are. */
  readonly flags: readonly string[];
  readonly description: string;
  /** What follows it; undefined where nothing does. */
  readonly value: ValueNode | undefined;
}

export interface ValueNode {
  readonly name: string;
  readonly kind: 'file' | 'folder' | 'text';
  /** All that it can be, where that is known. */
  readonly choices: readonly string[];
}

/** A command with all that is below it. What is hidden from help is left out. */
export function commandTree(command: Command, path: readonly string[] = []): CommandNode {
  const help = command.createHelp();
  return {
    path: path.join(' '),
    name: command.name(),
    description: command.description(),
    options: help.visibleOptions(command).map(optionNode),
    choices: command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
    commands: command.commands.map((child) => commandTree(child, [...path, child.name()])),
  };
}

/** All commands of a tree, those above first. */
export function allCommands(node: CommandNode): CommandNode[] {
  return [node, ...node.commands.flatMap(allCommands)];
}

function optionNode(option: Option): OptionNode {
  const flags = [option.short, option.long].filter((flag) => flag !== undefined);
  const name = /[<[]([^>\]]+?)(?:\.\.\.)?[>\]]/.exec(option.flags)?.[1];
  // One that may stand alone (`--update [what...]`) is not waited upon.
  const value = name === undefined || !option.required ? undefined : valueNode(name, option.argChoices ?? []);
  return { flags, description: option.description, value };
}

function valueNode(name: string, choices: readonly string[]): ValueNode {
  const kind = name === 'folder' ? 'folder' : name === 'file' || name === 'path' ? 'file' : 'text';
  return { name, kind, choices: name === 'formats' ? FORMATS : choices };
}
