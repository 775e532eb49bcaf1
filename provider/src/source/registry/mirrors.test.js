"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
const vitest_1 = require("vitest");
const mirrors_js_1 = require("./mirrors.js");
(0, vitest_1.describe)('parseMirrors()', () => {
    vitest_1.test.each([
        [['docker.io=https://a.example'], 'docker.io', ['https://a.example/']],
        [['index.docker.io=https://a.example/x'], 'docker.io', ['https://a.example/x']],
        [['docker.io=https://a.example'], 'other.example', []],
        [['https://a.example'], 'other.example', ['https://a.example/']],
        [['=https://a.example'], 'other.example', ['https://a.example/']],
        [['*=https://a.example'], 'other.example', ['https://a.example/']],
        [['R.example:5000=http://a.example:1'], 'r.example:5000', ['http://a.example:1/']],
        [['R.example:5000=http://a.example:1'], 'r.example', []],
        [
            ['https://all.example', 'r.example=https://one.example', 'r.example=https://two.example'],
            'r.example',
            ['https://one.example/', 'https://two.example/', 'https://all.example/'],
        ],
    ])('reads %j: for %s %j', (entries, registry, wanted) => {
        (0, vitest_1.expect)((0, mirrors_js_1.mirrorsOf)(registry, (0, mirrors_js_1.parseMirrors)(entries)).map(({ href }) => href)).toEqual(wanted);
    });
    vitest_1.test.each(['a.example', 'docker.io=a.example', 'docker.io=', '', 'x=file:///a', 'x=https://a/?k=s3cret', 'https://'])('refuses %j, and does not show it', (entry) => {
        (0, vitest_1.expect)(() => (0, mirrors_js_1.parseMirrors)([entry])).toThrow(vitest_1.expect.objectContaining({ code: 'no-mirror' }));
        (0, vitest_1.expect)(() => (0, mirrors_js_1.parseMirrors)([entry])).not.toThrow(/s3cret/);
    });
});
