/**
 * Sections that debhelper adds to scripts, by what adds them, whose work has no place in an image or is done here: they
 * start, stop and enable services, load profiles, ask the package manager to move its own files, fill caches that
 * programs do without, or make users and folders that sysusers.d(5) and tmpfiles.d(5) declare.
 */
const UNDERSTOOD_HELPERS: ReadonlySet<string> = new Set([
  ...['dh_installsystemd', 'dh_installsystemduser', 'dh_systemd_enable', 'dh_systemd_start', 'dh_installinit'],
  ...['dh_installdeb', 'dh_installtmpfiles', 'dh_installsysusers', 'dh_sysuser', 'dh_runit', 'dh_apparmor'],
  ...['dh_installmenu', 'dh_installdebconf', 'dh_makeshlibs', 'dh_installmime', 'dh_icons', 'dh_python3'],
  ...['dh_installmodules', 'dh_installudev', 'dh_bugfiles', 'dh_installemacsen', 'dh_installinitramfs'],
]);

const SECTION = /^# Automatically added by (dh_[a-z0-9_]+)[^\n]*\n[\s\S]*?^# End automatically added section$/gm;

/** What a script may say without doing anything: how it was called, and that it does not know such a call. */
const IDLE_LINE = new RegExp(
  [
    /set -[eu]+/,
    /(?:exit|return)(?: [01])?/,
    /:|true|else|fi|esac|;;/,
    /case "?\$\{?1\}?"? in/,
    /if \[ "?\$\{?1\}?"? =? ?=? ?["']?[a-z-]+["']? \]; ?then/,
    /\(?["a-z|\-* ]+\)(?: *;;)?/,
    /(?:echo|printf) (?:"(?:[^"`$\\]|\\.|\$[0-9@*])*"|'[^']*')(?: *1?>&2)?/,
    /ldconfig/,
  ]
    .map(({ source }) => `(?:${source})`)
    .join('|')
    .replace(/^/, '^(?:')
    .replace(/$/, ')(?: *;;)?$'),
);

/** No script that says so little is longer. */
const MAX_IDLE_LENGTH = 64 << 10;

/**
 * Whether a maintainer script does more than what is known of debhelper's own sections. What is not a shell script, or
 * is not understood, does.
 */
export function doesMore(script: string): boolean {
  if (script.length > MAX_IDLE_LENGTH || !/^#! ?\/bin\/(?:ba|da)?sh\b/.test(script)) return true;
  const own = script.replace(SECTION, (section, helper: string) => (UNDERSTOOD_HELPERS.has(helper) ? '' : section));
  return own
    .split('\n')
    .map((line) => line.trim())
    .some((line) => line !== '' && !line.startsWith('#') && !IDLE_LINE.test(line));
}
