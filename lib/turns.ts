import { setImmediate } from 'node:timers/promises';

/** Rows that one turn of the event loop handles unless told otherwise: a millisecond or two of simple work. */
const TURN = 2 ** 16;

/**
 * Calls body(begin, end) for runs of at most `turn` of 0..count-1 in order, and lets the event loop do other things
 * between two of them.
 *
 * @throws `signal.reason` when aborted
 */
export async function inTurns(
  count: number,
  signal: AbortSignal | undefined,
  body: (begin: number, end: number) => void,
  turn = TURN,
): Promise<void> {
  for (let begin = 0; begin < count; begin += turn) {
    if (begin > 0) await setImmediate();
    signal?.throwIfAborted();
    body(begin, Math.min(count, begin + turn));
  }
}
