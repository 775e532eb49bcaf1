import type { FixUp } from './fix-up.js';
import { fieldsOfLines } from './sysusers.js';

/**
 * What a tmpfiles.d file (tmpfiles.d(5)) asks for, as far as it is simple: folders, files with a text, and links.
 * Lines with other types or with specifiers are left out; the machine itself would need systemd for them.
 */
export function parseTmpfiles(text: string): FixUp[] {
  return fieldsOfLines(text).flatMap(([type, written, mode, user, group, , ...argument]): FixUp[] => {
    const path = plainPath(written);
    if (type === undefined || path === undefined) return [];
    const owner = { ...modeOf(mode), ...nameOf('user', user), ...nameOf('group', group) };
    const rest = argument.join(' ');
    switch (type.charAt(0)) {
      case 'd':
      case 'D':
      case 'v':
      case 'q':
      case 'Q':
        return [{ do: 'folder', path, ...owner }];
      case 'f':
      case 'F':
        return rest.includes('%') ? [] : [{ do: 'file', path, text: rest.replaceAll('\\n', '\n'), ...owner }];
      case 'L':
        return rest === '' || rest === '-' || rest.includes('%') ? [] : [{ do: 'link', path, target: rest }];
      default:
        return [];
    }
  });
}

/** An absolute path without specifiers or steps upwards, made relative. */
function plainPath(written: string | undefined): string | undefined {
  if (written === undefined || !written.startsWith('/') || written.includes('%')) return undefined;
  const parts = written.split('/').filter((part) => part !== '' && part !== '.');
  return parts.length === 0 || parts.includes('..') ? undefined : parts.join('/');
}

function modeOf(field: string | undefined): { mode?: number } {
  const digits = field?.replace(/^[~:]+/, '') ?? '';
  return /^[0-7]{1,4}$/.test(digits) ? { mode: Number.parseInt(digits, 8) } : {};
}

function nameOf<K extends 'user' | 'group'>(key: K, field: string | undefined): { [P in K]?: string } {
  const name = field?.replace(/^:/, '') ?? '';
  return name === '' || name === '-' ? {} : ({ [key]: name } as { [P in K]?: string });
}
