/** Several long jobs at once, on threads that they share. */
import type { JobOptions } from '../native.js';

/**
 * Works on all items, as many at once as there are threads, which they share. The first failure stops the others; all
 * have ended when this returns or throws.
 */
export async function inParallel<T>(
  items: readonly T[],
  threads: number,
  signal: AbortSignal | undefined,
  work: (item: T, job: JobOptions) => Promise<void>,
): Promise<void> {
  signal?.throwIfAborted();
  const failed = new AbortController();
  const width = Math.min(threads, items.length);
  const job = {
    threads: Math.max(1, Math.floor(threads / Math.max(1, width))),
    signal: signal ? AbortSignal.any([signal, failed.signal]) : failed.signal,
  };
  const waiting = items.values();
  let failure: { error: unknown } | undefined;
  const worker = async (): Promise<void> => {
    for (const item of waiting) {
      if (job.signal.aborted) return;
      try {
        await work(item, job);
      } catch (error) {
        failure ??= { error };
        failed.abort(error);
      }
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
  if (failure) throw failure.error;
  signal?.throwIfAborted();
}
