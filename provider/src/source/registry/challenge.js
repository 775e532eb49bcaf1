"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.parseChallenges = parseChallenges;
/** Longer ones are no honest server's. */
const MAX_LENGTH = 16 * 1024;
const WORD = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const SCHEME = new RegExp(`${WORD}`, 'y');
/** auth-param (section 11.2): a word, or a quoted string in which a backslash quotes the next character. */
const PARAMETER = new RegExp(`(${WORD})[ \\t]*=[ \\t]*(?:(${WORD})|"((?:[^"\\\\]|\\\\[^])*)")`, 'y');
/** Stands in place of all parameters (section 11.2). */
const TOKEN68 = /[A-Za-z0-9._~+/-]+=*(?=[ \t]*(?:,|$))/y;
const SPACE = /[ \t]+/y;
/** Lists may have empty elements (section 5.6.1.2). */
const SEPARATOR = /[ \t,]*/y;
/**
 * Reads WWW-Authenticate (RFC 9110 section 11.6.1), in which challenges and their parameters are separated by the same
 * commas. What comes after something unreadable is left out.
 */
function parseChallenges(header) {
    if (header.length > MAX_LENGTH)
        return [];
    const challenges = [];
    let at = 0;
    const take = (pattern) => {
        pattern.lastIndex = at;
        const match = pattern.exec(header);
        at += match?.[0].length ?? 0;
        return match;
    };
    take(SEPARATOR);
    while (at < header.length) {
        const last = challenges.at(-1);
        const parameter = last && take(PARAMETER);
        if (parameter) {
            const [, name = '', word, quoted = ''] = parameter;
            const key = name.toLowerCase();
            if (!last.parameters.has(key))
                last.parameters.set(key, word ?? quoted.replace(/\\([\s\S])/g, '$1'));
        }
        else {
            const scheme = take(SCHEME);
            if (scheme === null)
                break;
            challenges.push({ scheme: scheme[0].toLowerCase(), parameters: new Map() });
            if (take(SPACE))
                take(TOKEN68);
        }
        take(SEPARATOR);
    }
    return challenges;
}
