import { z } from 'zod';
import { isDigest } from '../model/digest.js';
import { UNKNOWN } from './unknown.js';

const WANTED = 'must be the digest of an ingot.Image';

/** Which image a resource takes; in a preview it may not be known yet. */
export const ImageDigest = z.string({ error: WANTED }).refine((text) => text === UNKNOWN || isDigest(text), WANTED);
