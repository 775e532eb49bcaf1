import { allCommands, type CommandNode, type OptionNode } from './command-tree.js';

/** A script for fish: a line for each command and option, with the command in which it stands. */
export function fishCompletion(tree: CommandNode): string {
  const commands = allCommands(tree);
  const steps = commands
    .filter(({ path }) => path !== '')
    .map(
      ({ path, name }) =>
        `      case ${quote(`${path.slice(0, path.lastIndexOf(' ') + 1)}${name}`)}\n        set path $next`,
    );
  return `# Completion of ingot for fish. To have it: ingot completion fish | source in ~/.config/fish/config.fish
function __ingot_in
  set -l path
  for word in (commandline -opc)[2..]
    set -l next (string trim -- "$path $word")
    switch $next
${steps.join('\n')}
    end
  end
  test "$path" = "$argv[1]"
end
complete -c ingot -e
${commands.flatMap(linesOf).join('\n')}
`;
}

function linesOf({ path, options, commands, choices }: CommandNode): string[] {
  const start = `complete -c ingot -n ${quote(`__ingot_in ${quote(path)}`)}`;
  return [
    ...commands.map(({ name, description }) => `${start} -f -a ${name} -d ${quote(description)}`),
    ...(choices.length === 0 ? [] : [`${start} -f -a ${quote(choices.join(' '))}`]),
    ...options.map((option) => `${start}${flagsOf(option)}${valueFlags(option)} -d ${quote(option.description)}`),
  ];
}

function flagsOf({ flags }: OptionNode): string {
  return flags.map((flag) => (flag.startsWith('--') ? ` -l ${flag.slice(2)}` : ` -s ${flag.slice(1)}`)).join('');
}

function valueFlags({ value }: OptionNode): string {
  if (value === undefined) return '';
  if (value.choices.length > 0) return ` -x -a ${quote(value.choices.join(' '))}`;
  return value.kind === 'text' ? ' -x' : value.kind === 'folder' ? " -x -a '(__fish_complete_directories)'" : ' -r -F';
}

/** Of the two characters that mean something between single quotes. */
function quote(text: string): string {
  return `'${text.replaceAll(/[\\']/g, '\\$&')}'`;
}
