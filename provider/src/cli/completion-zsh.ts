import { allCommands, type CommandNode, type OptionNode } from './command-tree.js';

/** A script for zsh: a function for each command, which names its options and what is below it. */
export function zshCompletion(tree: CommandNode): string {
  return `#compdef ingot
# Completion of ingot for zsh. To have it: source <(ingot completion zsh) in ~/.zshrc, after compinit
${allCommands(tree).map(functionOf).join('\n')}
if [ "$funcstack[1]" = _ingot ]; then _ingot "$@"; else compdef _ingot ingot; fi
`;
}

function functionOf({ path, options, commands, choices }: CommandNode): string {
  const flags = options.flatMap(specsOf).map((spec) => `    ${quote(spec)} \\`);
  if (commands.length === 0) {
    const rest = choices.length === 0 ? "'*:file:_files'" : quote(`1:which:(${choices.join(' ')})`);
    return `${nameOf(path)}() {\n  _arguments \\\n${flags.join('\n')}\n    ${rest}\n}`;
  }
  const names = commands.map(({ name, description }) => `    ${quote(`${name}:${description}`)}`);
  const cases = commands.map((command) => `      ${command.name}) ${nameOf(command.path)} ;;`);
  return `${nameOf(path)}() {
  local context state state_descr line
  typeset -A opt_args
  local -a commands=(
${names.join('\n')}
  )
  _arguments -C \\
${flags.join('\n')}
    '1: :->command' '*:: :->words'
  case $state in
    command) _describe command commands ;;
    words) case $words[1] in
${cases.join('\n')}
    esac ;;
  esac
}`;
}

/** In the words of _arguments: `(-o --output)--output=[what it is]:file:_files`. */
function specsOf({ flags, description, value }: OptionNode): string[] {
  const others = flags.length > 1 ? `(${flags.join(' ')})` : '';
  // A text in brackets ends at a bracket, and a colon ends all texts.
  const told = `[${description.replaceAll(/[[\]:\\]/g, '\\$&')}]`;
  const what = value === undefined ? '' : `:${value.name.replaceAll(':', '\\:')}:${completerOf(value)}`;
  return flags.map(
    (flag) => `${others}${flag}${value !== undefined && flag.startsWith('--') ? '=' : ''}${told}${what}`,
  );
}

function completerOf({ kind, choices }: NonNullable<OptionNode['value']>): string {
  if (choices.length > 0) return `(${choices.join(' ')})`;
  return kind === 'text' ? ' ' : kind === 'folder' ? '_files -/' : '_files';
}

function nameOf(path: string): string {
  return `_ingot${path === '' ? '' : `_${path.replaceAll(/[^a-z]/g, '_')}`}`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
