"use strict";
var __importDefault = (this && this.__importDefault) || function (mod) {
    return (mod && mod.__esModule) ? mod : { "default": mod };
};
Object.defineProperty(exports, "__esModule", { value: true });
const fast_check_1 = __importDefault(require("fast-check"));
const vitest_1 = require("vitest");
const challenge_js_1 = require("./challenge.js");
const read = (header) => (0, challenge_js_1.parseChallenges)(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);
(0, vitest_1.describe)('parseChallenges()', () => {
    vitest_1.test.each([
        ['', []],
        ['Basic realm="r"', [['basic', { realm: 'r' }]]],
        ['basic realm=r', [['basic', { realm: 'r' }]]],
        ['Basic', [['basic', {}]]],
        [
            'Bearer realm="https://auth.example/token",service="registry.example",scope="repository:a/b:pull,push"',
            [
                [
                    'bearer',
                    { realm: 'https://auth.example/token', service: 'registry.example', scope: 'repository:a/b:pull,push' },
                ],
            ],
        ],
        ['Bearer REALM = "a" ,  Service\t=\t"b"', [['bearer', { realm: 'a', service: 'b' }]]],
        [
            'Basic realm="r", Bearer realm="s", error="invalid_token"',
            [
                ['basic', { realm: 'r' }],
                ['bearer', { realm: 's', error: 'invalid_token' }],
            ],
        ],
        [
            'Negotiate, Basic realm="r"',
            [
                ['negotiate', {}],
                ['basic', { realm: 'r' }],
            ],
        ],
        [
            'Negotiate YWJj==, Basic realm="r"',
            [
                ['negotiate', {}],
                ['basic', { realm: 'r' }],
            ],
        ],
        [
            'NTLM abc, , ,Basic realm=""',
            [
                ['ntlm', {}],
                ['basic', { realm: '' }],
            ],
        ],
        ['Basic realm="a \\"b\\" \\\\ , c"', [['basic', { realm: 'a "b" \\ , c' }]]],
        ['Bearer realm="first", realm="second"', [['bearer', { realm: 'first' }]]],
        [
            'Bearer realm="open',
            [
                ['bearer', {}],
                ['realm', {}],
            ],
        ],
        ['"Bearer"', []],
        ['realm="r"', [['realm', {}]]],
        [', Basic realm=r,', [['basic', { realm: 'r' }]]],
    ])('reads %s', (header, wanted) => {
        (0, vitest_1.expect)(read(header)).toEqual(wanted);
    });
    const word = fast_check_1.default.stringMatching(/^[a-z][a-z0-9-]{0,8}$/);
    (0, vitest_1.test)('gives back what was written', () => {
        const challenge = fast_check_1.default.record({
            scheme: word,
            parameters: fast_check_1.default.uniqueArray(fast_check_1.default.tuple(word, fast_check_1.default.string()), { selector: ([name]) => name, maxLength: 4 }),
        });
        fast_check_1.default.assert(fast_check_1.default.property(fast_check_1.default.array(challenge, { maxLength: 4 }), (challenges) => {
            const header = challenges
                .map(({ scheme, parameters }) => {
                const quoted = parameters.map(([name, value]) => `${name}="${value.replace(/["\\]/g, '\\$&')}"`);
                return [scheme, quoted.join(', ')].join(' ').trimEnd();
            })
                .join(', ');
            const want = challenges.map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);
            (0, vitest_1.expect)(read(header)).toEqual(want);
        }));
    });
    (0, vitest_1.test)('ends, whatever it is given', () => {
        fast_check_1.default.assert(fast_check_1.default.property(fast_check_1.default.array(fast_check_1.default.constantFrom('a', ' ', ',', '=', '"', '\\', 'Basic', '\t', '/', 'é')), (parts) => {
            (0, challenge_js_1.parseChallenges)(parts.join(''));
        }), { numRuns: 2000 });
        (0, vitest_1.expect)((0, challenge_js_1.parseChallenges)(`Basic realm="${'\\'.repeat(20_000)}"`)).toEqual([]);
        (0, vitest_1.expect)(read(`Basic a="${'\\"'.repeat(7000)}`)).toEqual([
            ['basic', {}],
            ['a', {}],
        ]);
    });
});
