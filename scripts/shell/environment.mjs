import { delimiter } from 'node:path';
import { binFolder } from './paths.mjs';

/** What `npm run` tells its child about itself, and what would make another npm work in this checkout. */
const OF_NPM_RUN = /^(npm_(lifecycle|package|command|execpath|node_execpath|config_local_prefix)|INIT_CWD$)/;

/**
 * The environment for child processes: the project's programs come first, since Pulumi and many shebangs start `node`
 * from PATH. `first` are folders that come before the rest of PATH.
 */
export function childEnvironment({ first = [] } = {}) {
  const inherited = Object.entries(process.env).filter(([name]) => !OF_NPM_RUN.test(name));
  const rest = withoutProject((process.env.PATH ?? '').split(delimiter)).filter((folder) => !first.includes(folder));
  return { ...Object.fromEntries(inherited), PATH: [binFolder, ...first, ...rest].join(delimiter) };
}

/** The environment for npm while it replaces node_modules, and with it the Node in there. */
export function outsideEnvironment() {
  const environment = childEnvironment();
  return { ...environment, PATH: withoutProject(environment.PATH.split(delimiter)).join(delimiter) };
}

function withoutProject(folders) {
  return folders.filter((folder) => folder !== '' && !folder.endsWith('node_modules/.bin'));
}
