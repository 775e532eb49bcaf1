import { describe, expect, it } from 'vitest';
import { messagesOf, service } from './messages.fixture.js';
import { parseSpec } from './parse.js';

const file = (lines: string) => `files:\n  - ${lines}\n`;

describe('parseSpec() refuses what has the right type but no meaning', () => {
  it.each([
    // Binds
    [service('binds: ["/a"]'), 'services[0].binds[0] must be source:destination[:options], got "/a"'],
    [service('binds: ["/a:/b:ro:x"]'), 'services[0].binds[0] must be source:destination[:options], got "/a:/b:ro:x"'],
    [service('binds: [":/b"]'), 'services[0].binds[0] must be source:destination[:options], got ":/b"'],
    [service('binds: ["/a:b"]'), 'services[0].binds[0] must have a destination that starts with "/", got "/a:b"'],
    [
      service('binds.add: ["data:/b"]'),
      'services[0]["binds.add"][0] names the volume "data", and there is none; wanted a path that starts with "/", or a volume',
    ],
    [service('binds: ["/a:/b:"]'), 'services[0].binds[0] has no options after the second colon: "/a:/b:"'],
    // Volumes
    [
      `volumes: [{ name: data }]\n${service('binds: ["dta:/b"]')}`,
      'services[0].binds[0] names the volume "dta", and there is none; wanted a path that starts with "/", or a volume; did you mean "data"?',
    ],
    [
      `volumes: [{ name: data, readonly: true }]\n${service('binds: ["data:/b"]')}`,
      'services[0].binds[0] must have ":ro" at its end, or "ro" among its options, since the volume "data" is read-only',
    ],
    [
      `volumes: [{ name: data, readonly: true }]\n${service('mounts: [{ type: bind, source: data, destination: /b }]')}`,
      'services[0].mounts[0] must have the option "ro", since the volume "data" is read-only',
    ],
    [
      'volumes: [{ name: a }, { name: a }]',
      'volumes[1].name is "a" again; volumes must differ in their names; the first is volumes[0]',
    ],
    ['volumes: [{ name: A }]', 'volumes[0].name must be lower-case letters, digits, dashes and underscores, got "A"'],
    ['volumes: [{ name: a, image: "deb:" }]', 'volumes[0].image names no package; wanted deb:NAME, or deb:NAME,NAME'],
    ['volumes: [{ name: a, format: oci }]', 'volumes[0] has the format "oci" and no "image"; wanted a container image'],
    [
      'volumes: [{ name: a, format: oci, image: "deb:nginx" }]',
      'volumes[0].image is no container image, as the format "oci" needs it: "deb:nginx"',
    ],
    [
      'volumes: [{ name: a, image: nginx, platforms: [linux/amd64] }]',
      'volumes[0].platforms has a meaning with the format "oci" alone',
    ],
    [
      'volumes: [{ name: a, image: nginx, format: oci, platforms: [linux/arm64] }]',
      'volumes[0].platforms[0] is "linux/arm64"; only the machine\'s own can be, "linux/amd64"',
    ],
    // Other mounts
    [service('tmpfs: [tmp]'), 'services[0].tmpfs[0] must start with "/", got "tmp"'],
    [service('tmpfs: ["/tmp:a:b"]'), 'services[0].tmpfs[0] must be destination[:options], got "/tmp:a:b"'],
    [
      service('mounts: [{ destination: /x }]'),
      'services[0].mounts[0] has no "type", and neither source nor destination say it',
    ],
    [service('mounts: [{ type: tmpfs }]'), 'services[0].mounts[0] has no "destination"'],
    // Capabilities
    [
      service('capabilities: [CAP_NET_ADMNI]'),
      'services[0].capabilities[0] is no capability of Linux: "CAP_NET_ADMNI"; did you mean "CAP_NET_ADMIN"?',
    ],
    [
      service('ambient: [net_raw]'),
      'services[0].ambient[0] is no capability of Linux: "net_raw"; did you mean "CAP_NET_RAW"?',
    ],
    [service('capabilities: [CAP_KILL, all]'), 'services[0].capabilities[1] is "all", which must stand alone'],
    // Devices
    [service('devices: [{ path: /dev/x, type: c }]'), 'services[0].devices[0] has no "major", "minor", "mode"'],
    [
      service('devices: [{ path: x, type: p, mode: "0600" }]'),
      'services[0].devices[0].path must start with "/" or be "all", got "x"',
    ],
    [
      service('devices: [{ path: /dev/x, type: a, major: 1, minor: 1, mode: "0600" }]'),
      'services[0].devices[0].type can be "a" only where the path is "all"',
    ],
    // Limits
    [service('rlimits: ["nofile,1"]'), 'services[0].rlimits[0] must be name,soft,hard, got "nofile,1"'],
    [
      service('rlimits: ["nofiles,1,2"]'),
      'services[0].rlimits[0] is no limit of Linux: "nofiles"; did you mean "RLIMIT_NOFILE"?',
    ],
    [
      service('rlimits: ["nofile,1,many"]'),
      'services[0].rlimits[0] must have numbers or "unlimited" for its limits, got "nofile,1,many"',
    ],
    [
      service('rlimits: ["nofile,1,18446744073709551616"]'),
      'services[0].rlimits[0] must have numbers or "unlimited" for its limits, got "nofile,1,18446744073709551616"',
    ],
    [
      service('rlimits: ["nofile,unlimited,5"]'),
      'services[0].rlimits[0] has a soft limit over the hard one: "nofile,unlimited,5"',
    ],
    // Environment, ids
    [service('env: [A]'), 'services[0].env[0] must be NAME=value, got "A"'],
    [service('env: ["=A"]'), 'services[0].env[0] must be NAME=value, got "=A"'],
    [service('env: ["A=\\0"]'), 'services[0].env[0] must not contain a NUL character, got "A=\\u0000"'],
    [
      file('{ path: a, contents: "", uid: nobody }'),
      'files[0].uid must be a number, "root", or the name of a container or user, got "nobody"',
    ],
    [
      `${service('{}').replace('    {}\n', '')}${file('{ path: a, contents: "", gid: wbe }')}`,
      'files[0].gid must be a number, "root", or the name of a container or user, got "wbe"; did you mean "web"?',
    ],
    [
      file('{ path: a, contents: "", uid: "0" }'),
      'files[0].uid must be a number or a name, got "0"; write the number without quotes',
    ],
    [
      service('additionalGids: ["100"]'),
      'services[0].additionalGids[0] must be a number or a name, got "100"; write the number without quotes',
    ],
    // References
    ['init: ["dir:"]', 'init[0] names no path; wanted dir:FOLDER'],
    [
      'init: ["oci:a@sha256:123"]',
      'init[0] has no proper digest after "@"; wanted oci:FOLDER, oci:FOLDER:TAG or oci:FOLDER@sha256:…',
    ],
    [
      'init: ["docker-archive:a:x y"]',
      'init[0] must have no spaces in the name of the image; wanted docker-archive:FILE or docker-archive:FILE:NAME:TAG',
    ],
    ['init: ["deb:"]', 'init[0] names no package; wanted deb:NAME, or deb:NAME,NAME'],
    [
      'kernel: { image: "deb:Linux" }',
      'kernel.image has "Linux" in the place of a package; wanted NAME, NAME=VERSION or FILE.deb, separated by commas alone',
    ],
    [
      'init: ["deb:curl, tzdata"]',
      'init[0] has " tzdata" in the place of a package; wanted NAME, NAME=VERSION or FILE.deb, separated by commas alone',
    ],
    ['init: ["linuxkit/init v1"]', 'init[0] must have no spaces, got "linuxkit/init v1"'],
    ['kernel: { cmdline: quiet }', 'kernel has no "image"; wanted a text such as "deb:linux-image-cloud-amd64"'],
    // Files
    [file('path: a'), 'files[0] has no content; wanted one of contents, source, symlink, directory, metadata'],
    [
      file('{ path: a, directory: false }'),
      'files[0] has no content; wanted one of contents, source, symlink, directory, metadata',
    ],
    [
      file('{ path: a, contents: "", source: b }'),
      'files[0].source cannot stand beside contents; wanted only one of contents, source, symlink, directory, metadata',
    ],
    [
      file('{ path: etc/../../x, contents: "" }'),
      'files[0].path must not leave the root through "..", got "etc/../../x"',
    ],
    [file('{ path: //etc/x, contents: "" }'), 'files[0].path must have no empty parts and no ".", got "//etc/x"'],
    [file('{ path: /, directory: true }'), 'files[0].path must name something inside the root, got "/"'],
    [file('{ path: etc/x/, contents: "" }'), 'files[0].path ends in "/", but is not a directory: "etc/x/"'],
    [file('{ path: a, contents: "", mode: "0899" }'), 'files[0].mode must be an octal text such as "0644", got "0899"'],
    [
      `${file('{ path: /etc/x, contents: "" }')}  - { path: etc/x, contents: "" }\n`,
      'files[1].path is "etc/x" again; keep one of them; the first is files[0]',
    ],
    // Names
    [
      `${service('{}').replace('    {}\n', '')}  - { name: web, image: a }\n`,
      'services[1].name is "web" again; services must differ in their names; the first is services[0]',
    ],
    [
      'onboot: [{ name: "a/b", image: x }]',
      'onboot[0].name must be letters, digits, dots, dashes and underscores, and start with a letter or digit, got "a/b"',
    ],
  ])('%j', (text, message) => {
    expect(messagesOf(text)).toEqual([message]);
  });
});

describe('parseSpec() accepts', () => {
  it.each([
    [
      'references of every transport',
      'init: [linuxkit/init:v1, "dir:my root", "oci:x", "oci:a@b:v1", "deb:libstdc++6=14.2.0-19,g++"]',
    ],
    ['a repeated name in onboot', 'onboot: [{ name: a, image: x }, { name: a, image: x }]'],
    ['the keywords of capabilities, in any case', service('capabilities: [ALL]')],
    ['limits with and without prefix', service('rlimits: ["RLIMIT_CORE,0,0", "nofile, 1, Unlimited"]')],
    [
      'mounts whose type goes without saying',
      service('mounts: [{ source: proc }, { type: mqueue }, { destination: /dev }]'),
    ],
    ['all devices of a type', service('devices: [{ path: all, type: b }]')],
    [
      'ids that are names of containers, before and after',
      `${service('uid: later')}  - { name: later, image: x, gid: web }`,
    ],
    ['a directory with a slash at its end', file('{ path: /var/lib/, directory: true }')],
    ['no kernel', service('readonly: true')],
  ])('%s', (_, text) => {
    expect(() => parseSpec([{ name: 'web.yml', text }])).not.toThrow();
  });
});
