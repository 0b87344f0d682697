import type { NativeTask } from '../native.js';

/** Chunks at a time that wait for their turn by themselves: one computes, one waits, one is being copied. */
export const IN_TURN = 3;

/**
 * Many native tasks as one: rows 0..rows-1 in chunks of `chunkRows`, each begun as an earlier one ends. Progress counts
 * rows. The first failure cancels the rest and is what the promise rejects with, once all have settled.
 *
 * @param start begins the task of rows first..first+count-1
 * @param inFlight chunks at a time; tasks that compute whenever they are there share the threads only if it is 1
 */
export function inChunks(
  rows: number,
  chunkRows: number,
  start: (first: number, count: number) => NativeTask<unknown>,
  inFlight: number,
): NativeTask<void> {
  const running = new Set<NativeTask<unknown>>();
  let next = 0;
  let done = 0;
  let cancelled = false;
  const cancel = (): void => {
    cancelled = true;
    for (const task of running) task.cancel();
  };
  const work = async (): Promise<void> => {
    while (next < rows && !cancelled) {
      const first = next;
      const count = Math.min(chunkRows, rows - first);
      next += count;
      const task = start(first, count);
      running.add(task);
      await task.promise;
      running.delete(task);
      done += count;
    }
  };
  const failures: unknown[] = []; // in the order of time: those after the first are what cancelling made of the others
  const stopOthers = (error: unknown): void => {
    failures.push(error);
    cancel();
  };
  const all = async (): Promise<void> => {
    await Promise.all(Array.from({ length: inFlight }, () => work().catch(stopOthers)));
    if (failures.length > 0) throw failures[0];
    if (done < rows) throw Object.assign(new Error('the operation was aborted'), { code: 'ABORT_ERR' });
  };
  return {
    promise: all(),
    cancel,
    progress: () => {
      let finished = done;
      for (const task of running) finished += task.progress()[0];
      return [finished, rows];
    },
  };
}
