// Ends the process in the middle of an endless job, in the way given.
import { startEndless } from '../endless.js';

const task = await startEndless();
const job = task.promise.catch(() => {});
console.log('started');
const how = process.argv[2];
if (how === 'exit') process.exit(7);
if (how === 'throw') throw new Error('an error that nobody catches');
// Otherwise nothing but the job keeps the process alive.
setTimeout(() => task.cancel(), 100);
void job.then(() => console.log('settled'));
