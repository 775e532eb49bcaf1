import { columns } from './columns.js';

const BAR_WIDTH = 32;

/** The phases of a boot, in their order, with when each ended. */
export function timeline({ bootSeconds }: { readonly bootSeconds: Readonly<Record<string, number>> }): string[] {
  const own = Object.entries(bootSeconds).filter(([name]) => !name.startsWith('guest.'));
  const guest = Object.entries(bootSeconds).filter(([name]) => name.startsWith('guest.'));
  guest.sort(([, one], [, other]) => one - other);
  const longest = Math.max(...Object.values(bootSeconds), 0.01);
  let from = 0;
  return columns([
    ...own.map(([name, seconds]) => [name, `${seconds.toFixed(2)} s`, "after the machine's start", '']),
    ...guest.map(([name, seconds]) => {
      const drawn = bar(from, seconds, longest);
      from = seconds;
      return [name.slice(6), `${seconds.toFixed(2)} s`, "after its kernel's", drawn];
    }),
  ]).map((line) => `  ${line}`.trimEnd());
}

function bar(from: number, to: number, longest: number): string {
  const at = Math.round((from / longest) * BAR_WIDTH);
  return `${' '.repeat(at)}${'█'.repeat(Math.max(1, Math.round((to / longest) * BAR_WIDTH) - at))}`;
}
