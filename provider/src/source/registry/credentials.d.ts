/** What one proves oneself with to a registry. None of it is ever shown. */
export type Credentials = {
    readonly kind: 'password';
    readonly user: string;
    readonly password: string;
}
/** Exchanged for short-lived tokens at the registry's token server. */
 | {
    readonly kind: 'identity';
    readonly token: string;
}
/** Sent to the registry as it is. */
 | {
    readonly kind: 'bearer';
    readonly token: string;
};
/** `Basic …` (RFC 7617). */
export declare function basicAuthorization({ user, password }: {
    readonly user: string;
    readonly password: string;
}): string;
/** The credentials within an address, if there are some. */
export declare function credentialsIn(url: URL): Credentials | undefined;
/** The address without them. */
export declare function withoutCredentials(url: URL): URL;
