/** Whose archives packages come from. */
export type Distribution = 'debian' | 'ubuntu';
