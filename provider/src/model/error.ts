/** What every Ingot error can say in a structured way. All fields are safe to show: no secret, no signed URL. */
export interface ErrorContext {
  /** File, archive path or reference the error is about. */
  readonly path?: string;
  /** 1-based position in `path`. */
  readonly line?: number;
  readonly column?: number;
  readonly got?: string;
  readonly want?: string;
  /** Property of the resource input or the spec that is wrong, such as `ports` or `services[0].image`. */
  readonly property?: string;
}

/**
 * Base of the one error class that each stage has. The message follows one grammar:
 * `Cannot <do what> <to what>: <what is wrong>; <what was wanted or what to do>`.
 */
export abstract class IngotError<Code extends string = string> extends Error {
  readonly code: Code;
  readonly context: ErrorContext;

  constructor(code: Code, message: string, options: { cause?: unknown; context?: ErrorContext } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.context = options.context ?? {};
  }
}

/** The text to show for anything that was thrown: the message alone, with the cause where it adds something. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? error.cause : undefined;
  if (cause === undefined || error.message.includes(cause.message)) return error.message;
  // The name of a system's error says as much as its text.
  if ('code' in cause && typeof cause.code === 'string' && error.message.includes(cause.code)) return error.message;
  return `${error.message} (${describeError(cause)})`;
}
