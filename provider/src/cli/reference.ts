import type { Command } from 'commander';

/** Of lines, also where a terminal is wider: the page is the same everywhere. */
const WIDTH = 100;
const BEGIN =
  '<!-- Written by scripts/generate-cli.mjs from the commands in provider/src/cli: change those, and run it. -->';
const END = '<!-- End of what scripts/generate-cli.mjs writes. -->';

/** The page of the command with its reference as it is to be: the help of every command. */
export function withReference(page: string, program: Command): string {
  const [before, rest] = page.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new RangeError('docs/cli.md has lost its marks');
  return `${before}${BEGIN}\n\n${helpOf(program).join('\n\n')}\n\n${END}${after}`;
}

function helpOf(command: Command, above = ''): string[] {
  const name = `${above}${command.name()}`;
  let text = '';
  command.configureHelp({ helpWidth: WIDTH }).configureOutput({
    writeOut: (part) => {
      text += part;
    },
    getOutHasColors: () => false,
  });
  command.outputHelp();
  const section = `### \`${name}\`\n\n\`\`\`text\n${text.trim()}\n\`\`\``;
  return [section, ...command.commands.flatMap((child) => helpOf(child, `${name} `))];
}
