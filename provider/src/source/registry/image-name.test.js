"use strict";
var __importDefault = (this && this.__importDefault) || function (mod) {
    return (mod && mod.__esModule) ? mod : { "default": mod };
};
Object.defineProperty(exports, "__esModule", { value: true });
const fast_check_1 = __importDefault(require("fast-check"));
const vitest_1 = require("vitest");
const error_js_1 = require("../error.js");
const image_name_js_1 = require("./image-name.js");
const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;
(0, vitest_1.describe)('parseImageName()', () => {
    vitest_1.test.each([
        ['alpine', 'docker.io/library/alpine', 'latest'],
        ['alpine:3.20', 'docker.io/library/alpine:3.20', '3.20'],
        ['team/app', 'docker.io/team/app', 'latest'],
        ['docker.io/alpine', 'docker.io/library/alpine', 'latest'],
        ['index.docker.io/library/alpine:3', 'docker.io/library/alpine:3', '3'],
        ['registry-1.docker.io/team/app', 'docker.io/team/app', 'latest'],
        ['localhost/app', 'localhost/app', 'latest'],
        ['team/c__d/e--f.g:_T.a-g', 'docker.io/team/c__d/e--f.g:_T.a-g', '_T.a-g'],
        ['localhost:5000/app', 'localhost:5000/app', 'latest'],
        ['registry.example/app', 'registry.example/app', 'latest'],
        ['Registry.Example:5000/a/b/c:v1', 'registry.example:5000/a/b/c:v1', 'v1'],
        ['127.0.0.1:5000/app:1', '127.0.0.1:5000/app:1', '1'],
        ['[::1]:5000/app', '[::1]:5000/app', 'latest'],
        ['[2001:db8::1]/team/app:2', '[2001:db8::1]/team/app:2', '2'],
        [`alpine@${digest}`, `docker.io/library/alpine@${digest}`, digest],
        [`registry.example:5/a:tag@${digest}`, `registry.example:5/a:tag@${digest}`, digest],
    ])('reads %s as %s', (text, spelt, reference) => {
        (0, vitest_1.expect)((0, image_name_js_1.showImageName)((0, image_name_js_1.parseImageName)(text))).toBe(spelt);
        (0, vitest_1.expect)((0, image_name_js_1.referenceOf)((0, image_name_js_1.parseImageName)(text))).toBe(reference);
    });
    vitest_1.test.each([
        ['', /wanted lower-case letters/],
        ['Alpine', /did you mean library\/alpine\?/],
        ['Team/app', /did you mean team\/app\?/],
        ['r.example:65536/a', /no host/],
        ['[::::]/a', /no host/],
        ['256.1.1.1/a', /no host/],
        ['docker.io/Team/app', /did you mean team\/app\?/],
        ['a//b', /wanted lower-case/],
        ['/a', /wanted lower-case/],
        ['a/', /wanted lower-case/],
        ['docker.io/', /wanted lower-case/],
        ['../a', /no host/],
        ['a.c__d/e', /no host/],
        ['a/../b', /wanted lower-case/],
        ['a..b', /wanted lower-case/],
        ['a___b', /wanted lower-case/],
        ['a b', /wanted lower-case/],
        ['https://registry.example/a', /host/],
        ['user:pw@registry.example/a', /digest/],
        ['registry.example:port/a', /no host/],
        ['-x.example/a', /no host/],
        ['alpine:', /tag/],
        ['alpine:.x', /tag/],
        [`alpine:${'x'.repeat(129)}`, /tag/],
        ['alpine@', /digest/],
        ['alpine@sha256:1234', /digest/],
        [`alpine@${digest.toUpperCase()}`, /digest/],
        [`alpine@${digest}@${digest}`, /more than one @/],
        ['0123456789abcdef'.repeat(4), /id/],
        [`registry.example/${'x'.repeat(250)}`, /longer than 255/],
        ['alpine\n', /wanted lower-case/],
        ['registry.example\n/a', /no host/],
    ])('refuses %j', (text, message) => {
        (0, vitest_1.expect)(() => (0, image_name_js_1.parseImageName)(text)).toThrow(message);
        (0, vitest_1.expect)(() => (0, image_name_js_1.parseImageName)(text)).toThrow(error_js_1.SourceError);
    });
    (0, vitest_1.test)('refuses digests of other kinds as unsupported', () => {
        (0, vitest_1.expect)(() => (0, image_name_js_1.parseImageName)(`a@sha512:${'0'.repeat(128)}`)).toThrow(vitest_1.expect.objectContaining({ code: 'unsupported' }));
    });
    (0, vitest_1.test)('gives what can be shown and read again, or refuses, whatever it is given', () => {
        const words = fast_check_1.default.array(fast_check_1.default.constantFrom('a', 'B', '0', '.', '/', ':', '@', '-', '_', '[', ']', digest, 'localhost'), {
            maxLength: 12,
        });
        fast_check_1.default.assert(fast_check_1.default.property(fast_check_1.default.oneof(words.map((parts) => parts.join('')), fast_check_1.default.string()), (text) => {
            let name;
            try {
                name = (0, image_name_js_1.parseImageName)(text);
            }
            catch (error) {
                (0, vitest_1.expect)(error).toBeInstanceOf(error_js_1.SourceError);
                return;
            }
            (0, vitest_1.expect)((0, image_name_js_1.parseImageName)((0, image_name_js_1.showImageName)(name))).toEqual(name);
            // What is put into an address must not change it.
            const url = new URL(`https://${name.registry}/v2/${name.repository}/manifests/${(0, image_name_js_1.referenceOf)(name)}`);
            (0, vitest_1.expect)(url.pathname).toBe(`/v2/${name.repository}/manifests/${(0, image_name_js_1.referenceOf)(name)}`);
            (0, vitest_1.expect)(url.username).toBe('');
        }), { numRuns: 2000 });
    });
});
(0, vitest_1.test)('registryOf() has one name for Docker Hub, and one spelling for others', () => {
    (0, vitest_1.expect)(['index.docker.io', 'Docker.io', 'REG.example:5'].map(image_name_js_1.registryOf)).toEqual([
        'docker.io',
        'docker.io',
        'reg.example:5',
    ]);
});
