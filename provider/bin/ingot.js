#!/usr/bin/env node
'use strict';
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 15)) {
  console.error(`Cannot run ingot: Node ${process.versions.node} is too old; install Node 22.15 or newer`);
  process.exit(1);
}
require('../dist/cli/main.js').main(process.argv);
