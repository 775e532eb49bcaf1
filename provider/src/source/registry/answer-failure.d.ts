import { SourceError } from '../error.js';
import type { Answer } from '../transfer-request.js';
import type { Login } from './login.js';
export interface AnsweredOptions {
    /** What was asked for, in words: `the manifest of docker.io/library/alpine:3`. */
    readonly what: string;
    readonly url: URL;
    /** Another server than the registry answered. */
    readonly isElsewhere: boolean;
    /** By which the registry was to let us in. */
    readonly login: Pick<Login, 'looked' | 'from'> | undefined;
    readonly signal: AbortSignal;
}
/** What an answer means that is not the wanted one. Reads its body. */
export declare function failureOfAnswer(answer: Answer, options: AnsweredOptions): Promise<SourceError>;
