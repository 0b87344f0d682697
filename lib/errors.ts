/** What went wrong, for programs. Each code is documented where it is thrown; all are listed in docs/errors.md. */
export type LegcnetErrorCode =
  | 'ERR_OPTION' // an option's value, or a combination of values, is not allowed
  | 'ERR_ARGUMENT' // a positional argument (array, shape, data) is not what the function takes
  | 'ERR_DATA' // a file or data set cannot be read or holds what it must not
  | 'ERR_FILE' // a file cannot be opened, written or renamed
  | 'ERR_TOO_SHORT' // too few windows or samples for what was asked
  | 'ERR_DIVERGED' // training reached a loss that is not a number
  | 'ERR_BUSY' // the object is in use by a job that has not ended
  | 'ERR_NATIVE_LOAD' // the native addon cannot be loaded
  | 'ERR_NATIVE'; // the native core failed; a defect of legcnet

export interface LegcnetErrorDetails {
  /** The option, argument or file that the error is about. */
  readonly subject?: string;
  /** What would have been accepted, in words. */
  readonly expected?: string;
  /** What came instead. */
  readonly received?: unknown;
  readonly cause?: unknown;
}

/** The one class of error that legcnet throws on bad input or failed work. */
export class LegcnetError extends Error {
  override readonly name = 'LegcnetError';
  readonly code: LegcnetErrorCode;
  readonly subject: string | undefined;
  readonly expected: string | undefined;
  readonly received: unknown;

  constructor(code: LegcnetErrorCode, message: string, details: LegcnetErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.subject = details.subject;
    this.expected = details.expected;
    this.received = details.received;
  }
}

/** The one phrase for a value that is not what it should be: "expected X for NAME but received Y". */
export function unexpected(
  code: LegcnetErrorCode,
  subject: string,
  expected: string,
  received: unknown,
  cause?: unknown,
): LegcnetError {
  return new LegcnetError(code, `expected ${expected} for ${subject} but received ${describe(received)}`, {
    subject,
    expected,
    received,
    cause,
  });
}

/** A short printable form of any value, safe for huge arrays and cyclic objects. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return value.length > 60 ? `"${value.slice(0, 57)}..."` : `"${value}"`;
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'symbol') return value.toString();
  if (typeof value === 'function') return 'a function';
  if (value === null || typeof value !== 'object') return String(value);
  if (Array.isArray(value)) {
    return value.length <= 6 && value.every((v) => v === null || typeof v !== 'object')
      ? `[${value.map(describe).join(', ')}]`
      : `an array of ${value.length}`;
  }
  const kind = Object.prototype.toString.call(value).slice(8, -1);
  return ArrayBuffer.isView(value) ? `a ${kind} of ${(value as Uint8Array).length ?? value.byteLength}` : `an ${kind}`;
}
