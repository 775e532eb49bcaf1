import type { Command } from 'commander';
import { type CommandNode, commandTree } from './command-tree.js';
import { bashCompletion } from './completion-bash.js';
import { fishCompletion } from './completion-fish.js';
import { zshCompletion } from './completion-zsh.js';

export const SHELLS: Readonly<Record<string, (tree: CommandNode) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

/** `ingot completion SHELL`: a script made from the commands as they are declared, so that it knows what they know. */
export function completion(shell: string, program: Command): void {
  process.stdout.write((SHELLS[shell] as (tree: CommandNode) => string)(commandTree(program)));
}
