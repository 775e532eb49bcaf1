import { describe, expect, test } from 'vitest';
import { doesMore } from './maintainer-script.js';

/** As debhelper writes it: a frame, and in it a section. */
const framed = (section: string): string => `#!/bin/sh
set -e

case "$1" in
  configure)
    ;;
  abort-upgrade|abort-remove|abort-deconfigure)
    ;;
  *)
    echo "postinst called with unknown argument \\\`$1'" >&2
    exit 1
    ;;
esac

${section}
exit 0
`;
const section = (helper: string): string => `# Automatically added by ${helper}/13.24.2
if [ "$1" = "configure" ]; then
	deb-systemd-invoke start 'web.service' >/dev/null || true
fi
# End automatically added section
`;

describe('doesMore()', () => {
  test.each([
    ['nothing', '#!/bin/sh\n'],
    ['a frame alone', framed('')],
    ['a service that is started', framed(section('dh_installsystemd'))],
    ['several known sections', framed(section('dh_installinit') + section('dh_installtmpfiles'))],
    ['a test of how it is called', '#! /bin/bash\nset -e\nif [ "$1" = configure ]; then\n  ldconfig\nfi\n'],
  ])('is false of %s', (_, script) => {
    expect(doesMore(script)).toBe(false);
  });

  test.each([
    ['a user that is made', framed('adduser --system web')],
    ['a line beside a known section', framed(`${section('dh_installsystemd')}\ntouch /var/lib/web/made`)],
    ['a section of an unknown helper', framed(section('dh_installalternatives'))],
    ['a section that does not end', framed(section('dh_installinit').replace('# End', '# Some'))],
    ['a command in a message', '#!/bin/sh\necho "unknown `touch /x`"\n'],
    ['two commands in a line', '#!/bin/sh\ntrue; touch /x\n'],
    ['a message that goes into a file', '#!/bin/sh\necho "called with" > /etc/file\n'],
    ['a message that does more', '#!/bin/sh\necho "called with" && touch `cat x`\n'],
    ['another language', '#!/usr/bin/perl\nexit 0;\n'],
    ['a program', '\u007fELF\u0002'],
    ['one that is too long to be idle', `#!/bin/sh\n${'true\n'.repeat(20_000)}`],
  ])('is true of %s', (_, script) => {
    expect(doesMore(script)).toBe(true);
  });
});
