"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.findCredentials = findCredentials;
const credentials_file_js_1 = require("./credentials-file.js");
const credentials_helper_js_1 = require("./credentials-helper.js");
/** What Docker calls its Hub in files and to helpers. */
const HUB_KEY = 'https://index.docker.io/v1/';
/**
 * The credentials for a repository from the files of Docker and Podman, and from the helpers that they name. What
 * cannot be read or asked is noted and passed over: most images need no credentials.
 */
async function findCredentials(of, options) {
    const looked = [];
    for (const path of (0, credentials_file_js_1.credentialFiles)(options.environment)) {
        const file = await (0, credentials_file_js_1.readConfigurationFile)(path);
        if (file === undefined) {
            looked.push(`${path} (not there)`);
            continue;
        }
        if (typeof file === 'string') {
            looked.push(`${path} (${file})`);
            continue;
        }
        const helper = (0, credentials_file_js_1.helperFor)(of.registry, file);
        const server = of.registry === 'docker.io' ? HUB_KEY : of.registry;
        const answer = helper === undefined ? undefined : await (0, credentials_helper_js_1.askHelper)(helper, server, options);
        const found = typeof answer === 'object' ? answer : (0, credentials_file_js_1.authFor)((0, credentials_file_js_1.keysFor)(of), file);
        looked.push(typeof answer === 'string' ? `${path} (${answer})` : path);
        if (found !== undefined)
            return { credentials: found, file: path, looked };
    }
    return { looked };
}
