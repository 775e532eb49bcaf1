/**
 * What the engine requires for every resource of this package. It stands here, and not in `ingot`, because a program
 * sees only the packages that it depends on itself (pnpm).
 */
export * from 'ingot/pulumi';
