import { LegcnetError, type LegcnetErrorCode } from '../../lib/errors.js';

/** Asserts that `run` fails with a LegcnetError of this code whose message matches, and returns the error. */
export async function assertLegcnetError(
  run: () => unknown,
  code: LegcnetErrorCode,
  message: RegExp = /./,
): Promise<LegcnetError> {
  let error: unknown;
  try {
    await run();
  } catch (caught) {
    error = caught;
  }
  if (error === undefined) throw new Error(`nothing was thrown, expected ${code} ${message}`);
  if (!(error instanceof LegcnetError)) throw error;
  if (error.code !== code || !message.test(error.message)) {
    throw new Error(`expected ${code} ${message}, received ${error.code}: ${error.message}`, { cause: error });
  }
  return error;
}
