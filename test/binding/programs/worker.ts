// A worker that starts an endless job, says so, and by the job it was given does something about it.
import { parentPort, workerData } from 'node:worker_threads';
import { startEndless } from '../endless.js';

const task = await startEndless();
task.promise.catch(() => {}); // of no interest here
parentPort!.postMessage('started');
if (workerData === 'exit') process.exit(0);
if (workerData === 'throw') throw new Error('the worker fails in mid-job');
