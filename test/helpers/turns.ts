/**
 * Runs a job and tells, beside its result, how long the longest turn of the event loop meanwhile was, in milliseconds,
 * that of the call itself among them.
 */
export async function longestTurn<T>(job: () => Promise<T>): Promise<[milliseconds: number, result: T]> {
  let [last, longest, over] = [performance.now(), 0, false];
  const look = (): void => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    if (!over) setImmediate(look);
  };
  setImmediate(look);
  try {
    const result = await job();
    look();
    return [longest, result];
  } finally {
    over = true;
  }
}
