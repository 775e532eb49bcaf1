import { allCommands, type CommandNode } from './command-tree.js';

/** A script for bash 3.2 and later, which finds out where in the command the cursor is, and completes from there. */
export function bashCompletion(tree: CommandNode): string {
  const commands = allCommands(tree);
  const steps = commands
    .filter(({ path }) => path !== '')
    .map(({ path, name }) => `      ${quote(`${parentOf(path)} ${name}`)}) path=${quote(path)} ;;`);
  const taking = commands.flatMap(({ path, options }) =>
    options.flatMap(({ flags, value }) => (value === undefined ? [] : flags.map((flag) => `${path} ${flag}`))),
  );
  const values = commands.flatMap(({ path, options }) =>
    options.flatMap(({ flags, value }) => {
      if (value === undefined) return [];
      const words = value.choices.length > 0 ? `-W ${quote(value.choices.join(' '))}` : OF_KIND[value.kind];
      return [`    ${flags.map((flag) => quote(`${path} ${flag}`)).join(' | ')}) words=(${words}) ;;`];
    }),
  );
  const words = commands.map(({ path, options, commands: below, choices }) => {
    const flags = options.flatMap((option) => option.flags).join(' ');
    const names = [...below.map(({ name }) => name), ...choices].join(' ');
    return `    ${quote(path)}) flags=${quote(flags)} names=${quote(names)} ;;`;
  });
  return `# Completion of ingot for bash. To have it: eval "$(ingot completion bash)" in ~/.bashrc
_ingot() {
  local current=\${COMP_WORDS[COMP_CWORD]} last=\${COMP_WORDS[COMP_CWORD-1]} path='' skip='' word='' flags='' names='' index words
  COMPREPLY=()
  for ((index = 1; index < COMP_CWORD; index++)); do
    word=\${COMP_WORDS[index]}
    if [ -n "$skip" ]; then skip=''; continue; fi
    case "$path $word" in
${steps.join('\n')}
      ${taking.map(quote).join(' | ')}) skip=yes ;;
    esac
  done
  words=(-f)
  # What stands before the last word says nothing of it where that was a value itself.
  [ -z "$skip" ] && last=''
  case "$path $last" in
${values.join('\n')}
    *)
      case "$path" in
${words.map((line) => `    ${line}`).join('\n')}
      esac
      case "$current" in
        -*) words=(-W "$flags") ;;
        *) [ -n "$names" ] && words=(-W "$names") ;;
      esac
      ;;
  esac
  while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen "\${words[@]}" -- "$current")
}
complete -o filenames -F _ingot ingot
`;
}

const OF_KIND = { file: '-f', folder: '-d', text: "-W ''" } as const;

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf(' ')));
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
