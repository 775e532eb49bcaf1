import type { FixUp } from './fix-up.js';

/**
 * Packages whose maintainer scripts do what their files and systemd's `.d` files do not say. What such a script does
 * to a running system (starting, enabling, asking) has no place in an image. Host keys of SSH are made on the machine.
 */
export const KNOWN_PACKAGES: ReadonlyMap<string, readonly FixUp[]> = new Map<string, readonly FixUp[]>([
  [
    'base-files',
    [
      { do: 'copy', from: 'usr/share/base-files/dot.profile', path: 'root/.profile' },
      { do: 'copy', from: 'usr/share/base-files/dot.bashrc', path: 'root/.bashrc' },
      { do: 'copy', from: 'usr/share/base-files/profile', path: 'etc/profile' },
      { do: 'copy', from: 'usr/share/base-files/motd', path: 'etc/motd' },
      { do: 'link', path: 'etc/dpkg/origins/default', target: 'debian' },
      ...['mnt', 'srv', 'opt', 'etc/opt', 'var/opt', 'media', 'usr/local', 'usr/local/bin', 'usr/local/sbin']
        .concat(['usr/local/lib', 'usr/local/share', 'usr/local/etc'])
        .map((path): FixUp => ({ do: 'folder', path, mode: 0o755 })),
      { do: 'folder', path: 'var/mail', mode: 0o2775, group: 'mail' },
      { do: 'link', path: 'var/spool/mail', target: '../mail' },
      { do: 'folder', path: 'run/lock', mode: 0o1777 },
      { do: 'link', path: 'var/run', target: '/run', over: 'folder' },
      { do: 'link', path: 'var/lock', target: '/run/lock', over: 'folder' },
      { do: 'file', path: 'var/log/wtmp', mode: 0o664, group: 'utmp' },
      { do: 'file', path: 'var/log/btmp', mode: 0o660, group: 'utmp' },
      { do: 'file', path: 'var/log/lastlog', mode: 0o664, group: 'utmp' },
    ],
  ],
  ['debianutils', [{ do: 'link', path: 'usr/bin/which', target: 'which.debianutils' }]],
  ['mawk', [{ do: 'link', path: 'usr/bin/awk', target: 'mawk' }]],
  [
    'lighttpd',
    [
      { do: 'folder', path: 'var/log/lighttpd', mode: 0o750, user: 'www-data', group: 'www-data' },
      { do: 'folder', path: 'var/cache/lighttpd', mode: 0o750, user: 'www-data', group: 'www-data' },
      { do: 'folder', path: 'var/cache/lighttpd/compress', mode: 0o750, user: 'www-data', group: 'www-data' },
      { do: 'folder', path: 'var/cache/lighttpd/uploads', mode: 0o750, user: 'www-data', group: 'www-data' },
      { do: 'folder', path: 'run/lighttpd', mode: 0o750, user: 'www-data', group: 'www-data' },
      { do: 'copy', from: 'usr/share/lighttpd/index.html', path: 'var/www/html/index.lighttpd.html' },
    ],
  ],
  [
    'nginx-common',
    [
      { do: 'folder', path: 'var/log/nginx', mode: 0o755, group: 'adm' },
      { do: 'file', path: 'var/log/nginx/access.log', mode: 0o640, user: 'www-data', group: 'adm' },
      { do: 'file', path: 'var/log/nginx/error.log', mode: 0o640, user: 'www-data', group: 'adm' },
      { do: 'link', path: 'etc/nginx/sites-enabled/default', target: '/etc/nginx/sites-available/default' },
      { do: 'copy', from: 'usr/share/nginx/html/index.html', path: 'var/www/html/index.nginx-debian.html' },
    ],
  ],
  [
    'redis-tools',
    [
      { do: 'user', name: 'redis', home: '/var/lib/redis' },
      { do: 'folder', path: 'var/log/redis', mode: 0o2750, user: 'redis', group: 'adm' },
      { do: 'folder', path: 'var/lib/redis', mode: 0o750, user: 'redis', group: 'redis' },
      { do: 'folder', path: 'etc/redis', mode: 0o2770, user: 'redis', group: 'redis' },
    ],
  ],
  ['redis-server', [{ do: 'own', path: 'etc/redis/redis.conf', mode: 0o640, user: 'redis', group: 'redis' }]],
  [
    'openssh-server',
    [
      { do: 'user', name: 'sshd', home: '/run/sshd', gid: 65534 },
      { do: 'copy', from: 'usr/share/openssh/sshd_config', path: 'etc/ssh/sshd_config', mode: 0o644 },
      { do: 'folder', path: 'run/sshd', mode: 0o755 },
    ],
  ],
  [
    'openssh-client',
    [
      { do: 'group', name: '_ssh' },
      { do: 'own', path: 'usr/bin/ssh-agent', mode: 0o2755, group: '_ssh' },
    ],
  ],
]);
