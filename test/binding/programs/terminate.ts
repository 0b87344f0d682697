// Starts workers that run endless jobs, ends each in the way given, and then runs a job of its own.
//   terminate.ts terminate|exit|throw [main-first]
import { Worker } from 'node:worker_threads';

const [, , how, order] = process.argv;

async function ownJob(): Promise<void> {
  const { newTrainer } = await import('../endless.js');
  const trainer = await newTrainer();
  await trainer.run({ epochs: 2, threads: 2 }).promise;
  if (trainer.status().epochs !== 2) throw new Error('the main thread cannot train');
}

// The addon is loaded by the main thread first, or by the workers alone: then it is unloaded when the last of them ends.
if (order === 'main-first') await ownJob();
for (let round = 0; round < 2; round++) {
  const workers = Array.from(
    { length: 2 },
    () => new Worker(new URL('worker.mjs', import.meta.url), { workerData: how }),
  );
  await Promise.all(
    workers.map(async (worker) => {
      worker.on('error', () => {}); // 'throw' brings one
      const ended = new Promise((resolve) => worker.once('exit', resolve));
      let started = false;
      await Promise.race([
        ended,
        new Promise((resolve) => worker.once('message', resolve)).then(() => (started = true)),
      ]);
      if (!started) throw new Error('the worker ended before its job began');
      if (how === 'terminate') await worker.terminate();
      await ended;
    }),
  );
}
await ownJob();
console.log('done');
