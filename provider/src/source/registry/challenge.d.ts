/** One way to prove oneself that a server offers (RFC 9110 section 11.3). */
export interface Challenge {
    /** In lower case: `basic`, `bearer`. */
    readonly scheme: string;
    /** Names in lower case; of several with one name the first. */
    readonly parameters: ReadonlyMap<string, string>;
}
/**
 * Reads WWW-Authenticate (RFC 9110 section 11.6.1), in which challenges and their parameters are separated by the same
 * commas. What comes after something unreadable is left out.
 */
export declare function parseChallenges(header: string): Challenge[];
