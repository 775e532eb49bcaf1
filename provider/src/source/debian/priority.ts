/** What Debian's own archives have, as in apt_preferences(5): of higher priority goes before newer. */
export const DEBIAN_PRIORITY = 500;
