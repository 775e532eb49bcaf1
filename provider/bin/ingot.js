#!/usr/bin/env node
'use strict';
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 15)) {
  console.error(`Cannot run ingot: Node ${process.versions.node} is too old; install Node 22.15 or newer`);
  process.exit(1);
}
const { existsSync } = require('node:fs');
const { enableCompileCache } = require('node:module');
const { homedir } = require('node:os');
const { join } = require('node:path');
const { setFlagsFromString } = require('node:v8');
// V8 begins with 1 MB for young objects, which costs a build a fifth of its time, and lets it grow to 64 MB, which costs
// 50 MB and gains nothing more. It grows for the first time while the program is loaded, and then stays at 4 MB.
setFlagsFromString('--semi-space-growth-factor=4');
// A fifth of what a short command takes is compiling. In a folder of the user's own, since what is in it is run; and only
// where there is a cache already, since some commands make none.
const cache = process.env.INGOT_CACHE || join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'ingot');
if (existsSync(cache)) enableCompileCache(join(cache, 'compiled'));
// zod loads its messages in fifty languages: a twentieth of what a short command takes. The English ones come by themselves.
const locales = require.resolve('zod/v4/locales');
require.cache[locales] = { id: locales, filename: locales, loaded: true, exports: {} };
require('../dist/cli/main.js').main(process.argv);
setFlagsFromString('--semi-space-growth-factor=1');
