import { Argument, type Command } from 'commander';

/** `ingot completion`. What it does is loaded when it is done. */
export function addCompletionCommands(program: Command): void {
  program
    .command('completion')
    .description('print what makes a shell complete commands and options')
    .addArgument(new Argument('<shell>', 'which one').choices(['bash', 'zsh', 'fish']))
    .addHelpText('after', EXAMPLES)
    .action(async (shell: string) => (await import('./completion.js')).completion(shell, program));
}

const EXAMPLES = `
Examples:
  eval "$(ingot completion bash)"      in ~/.bashrc
  source <(ingot completion zsh)       in ~/.zshrc, after compinit
  ingot completion fish | source       in ~/.config/fish/config.fish`;
