import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { inSharedMemory } from '../../benchmarks/memory.js';
import '../../lib/granger/granger.js'; // declares native.GrangerSession
import { resolveExponent } from '../../lib/lyapunov/options.js';
import '../../lib/lyapunov/lyapunov.js'; // declares native.lyapunovExponents
import { type NativeTask, type Progress, native, runTask } from '../../lib/native.js';
import { train } from '../../lib/network/train.js';
import { assertLegcnetError } from '../helpers/throws.js';
import { ENDLESS, newTrainer, samples, smallNetwork, startEndless, trainerOptions } from './endless.js';

/** What the promise rejects with; fails if it does not. */
async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('the promise was fulfilled');
}

test('aborting stops native work at once and rejects with the reason', async () => {
  let fastest = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < 5; attempt++) {
    const controller = new AbortController();
    const trainer = await newTrainer();
    const job = runTask(() => trainer.run({ epochs: ENDLESS, threads: 2 }), { signal: controller.signal });
    await sleep(20);
    const reason = new Error(`attempt ${attempt}`);
    const aborted = performance.now();
    controller.abort(reason);
    assert.is(await rejection(job), reason);
    fastest = Math.min(fastest, performance.now() - aborted);
  }
  // 50 ms are promised on a machine that is not overloaded; this one may be, but not all the time.
  assert.ok(fastest < 200, `the fastest of five aborts took ${fastest} ms`);
});

test('an abort in the middle of train() rejects with the reason, whatever it is', async () => {
  const [network, part] = [await smallNetwork(), await samples()];
  for (const reason of ['a string', 0, null]) {
    const controller = new AbortController();
    const job = train(network, { train: part }, { learningRate: 0.1, epochs: 1e6, signal: controller.signal });
    await sleep(20);
    controller.abort(reason);
    assert.is(await rejection(job), reason);
  }
});

test('an abort before the start starts nothing', async () => {
  let started = false;
  const start = (): NativeTask<undefined> => {
    started = true;
    throw new Error('started');
  };
  const reason = new Error('changed my mind');
  assert.is(await rejection(runTask(start, { signal: AbortSignal.abort(reason) })), reason);
  assert.not(started);
});

test('a job that ended does not listen to its signal any more', async () => {
  const controller = new AbortController();
  const trainer = await newTrainer();
  await runTask(() => trainer.run({ epochs: 1, threads: 1 }), { signal: controller.signal });
  controller.abort();
  await runTask(() => trainer.run({ epochs: 2, threads: 1 }));
  assert.is(trainer.status().epochs, 2);
});

test('a progress callback that throws stops the job, which rejects with that error', async () => {
  const trainer = await newTrainer();
  const thrown = new Error('no more');
  let calls = 0;
  const onProgress = () => {
    calls++;
    throw thrown;
  };
  assert.is(await rejection(runTask(() => trainer.run({ epochs: ENDLESS, threads: 2 }), { onProgress })), thrown);
  assert.is(calls, 1);
});

test('progress grows and ends with everything done', async () => {
  const seen: Progress[] = [];
  const job = { learningRate: 0.1, epochs: 300, batchSize: 10, onProgress: (p: Progress) => void seen.push(p) };
  await train(await smallNetwork(), { train: await samples() }, job);
  const last = seen.at(-1)!;
  assert.equal(last, { done: 300 * 20, total: 300 * 20 });
  seen.reduce((before, now) => {
    assert.ok(now.done >= before.done, `${before.done} then ${now.done}`);
    assert.is(now.total, last.total);
    return now;
  });
});

test('a job reports how far it is', async () => {
  const task = await startEndless();
  const settled = rejection(task.promise);
  let done = 0;
  while (done === 0) {
    await sleep(1);
    done = task.progress()[0];
  }
  assert.is(task.progress()[1], ENDLESS * 20);
  task.cancel();
  assert.is(((await settled) as { code?: string }).code, 'ABORT_ERR');
});

test('the handle of a job that ended is harmless', async () => {
  const task = (await newTrainer()).run({ epochs: 1, threads: 1 });
  await task.promise;
  assert.equal(task.progress(), [20, 20]);
  task.cancel();
  // Nor does it reach a later job.
  const later = (await newTrainer()).run({ epochs: 1, threads: 1 });
  task.cancel();
  await later.promise;
});

test('two jobs at once do not disturb each other', async () => {
  const alone = async (seed: number) => {
    const trainer = await newTrainer(seed);
    await trainer.run({ epochs: 40, threads: 2 }).promise;
    return trainer.parameters();
  };
  const expected = [await alone(1), await alone(2)];
  const endless = await startEndless();
  const stopped = rejection(endless.promise);
  const together = await Promise.all([alone(1), alone(2)]);
  endless.cancel();
  await stopped;
  assert.equal(together, expected);
});

test('more jobs than cores all end', async () => {
  const trainers = await Promise.all(Array.from({ length: 20 }, (_, seed) => newTrainer(seed)));
  await Promise.all(trainers.map((trainer) => trainer.run({ epochs: 3, threads: 8 }).promise));
  for (const trainer of trainers) assert.is(trainer.status().epochs, 3);
});

test('a trainer refuses a second job while it runs one, and takes it afterwards', async () => {
  const trainer = await newTrainer();
  const first = trainer.run({ epochs: ENDLESS, threads: 1 });
  const stopped = rejection(first.promise);
  for (const second of [
    () => trainer.run({ epochs: 1, threads: 1 }),
    () => trainer.evaluate({ threads: 1 }),
    () => trainer.state(),
    () => trainer.series(),
    () => trainer.status(),
    () => trainer.parameters(),
    () => trainer.history(),
    () => trainer.restore({} as any),
  ]) {
    assert.throws(second, (error: { code?: string }) => error.code === 'ERR_BUSY');
  }
  first.cancel();
  await stopped;
  assert.ok((await trainer.evaluate({ threads: 1 }).promise).rows[0]! > 0);
});

test('a job started from inside restore() is noticed', async () => {
  const trainer = await newTrainer();
  const state = await trainer.state().promise;
  let task: NativeTask<undefined> | undefined;
  const sly = {
    ...state,
    get parameters() {
      task ??= trainer.run({ epochs: ENDLESS, threads: 1 });
      return state.parameters;
    },
  };
  assert.throws(
    () => trainer.restore(sly),
    (error: { code?: string }) => error.code === 'ERR_BUSY',
  );
  const stopped = rejection(task!.promise);
  task!.cancel();
  await stopped;
});

test('the event loop goes on during a job', async () => {
  const task = await startEndless();
  const stopped = rejection(task.promise);
  let ticks = 0;
  const timer = setInterval(() => ticks++, 5);
  await sleep(300);
  clearInterval(timer);
  task.cancel();
  await stopped;
  // 60 when nothing else runs; a blocked loop has one or two.
  assert.ok(ticks >= 10, `${ticks} ticks in 300 ms`);
});

test('what the caller does with its arrays after the call changes nothing', async () => {
  const predict = async (spoil: (parameters: Float64Array) => void): Promise<Float64Array> => {
    const network = await smallNetwork();
    const parameters = network.parameters.slice();
    const task = native.predict({ network: network.native, parameters, samples: await samples(), threads: 2 });
    spoil(parameters);
    return (await task.promise).outputs as Float64Array;
  };
  const expected = await predict(() => {});
  assert.equal(await predict((parameters) => parameters.fill(Number.NaN)), expected);
  const transferred = await predict((parameters) => {
    structuredClone(parameters, { transfer: [parameters.buffer as ArrayBuffer] });
    assert.is(parameters.length, 0);
  });
  assert.equal(transferred, expected);

  const trained = async (spoil: (parameters: Float64Array) => void): Promise<Float64Array> => {
    const options = await trainerOptions();
    const parameters = options.parameters.slice();
    const trainer = new native.Trainer({ ...options, parameters });
    const task = trainer.run({ epochs: 5, threads: 1 });
    spoil(parameters);
    await task.promise;
    return trainer.parameters();
  };
  assert.equal(await trained((parameters) => parameters.fill(Number.NaN)), await trained(() => {}));
});

test('an array that a getter changes for another is not read where it is', async () => {
  const [rows, samples] = [6, 200];
  const plain = Float64Array.from({ length: rows * samples }, (_, i) => Math.sin(i * 12.9898));
  const shared = inSharedMemory(plain);
  /** Gives the plain array the first `times` times it is asked, and the shared one after that. */
  const changing = (given: object, key: string, times: number): any =>
    Object.defineProperty({ ...given }, key, { get: () => (times-- > 0 ? plain : shared), enumerable: true });
  const spoiled = async <R>(start: () => NativeTask<R>): Promise<R> => {
    const kept = plain.slice();
    const { promise } = start();
    plain.fill(Number.NaN);
    const result = await promise;
    plain.set(kept);
    return result;
  };

  const lyapunov = { rows, samples, lyapunov: resolveExponent(), threads: 1 };
  const exponents = await native.lyapunovExponents({ ...lyapunov, series: plain }).promise;
  for (let times = 0; times < 4; times++) {
    const found = await spoiled(() => native.lyapunovExponents(changing(lyapunov, 'series', times)));
    assert.equal(found, exponents, `series, ${times} times`);
    const adjusted = await spoiled(() => native.adjustManyPValues(changing({ correction: 'none' }, 'pValues', times)));
    assert.equal(adjusted, plain, `pValues, ${times} times`);
  }

  const pValues = async (start: (session: InstanceType<typeof native.GrangerSession>) => NativeTask<undefined>) => {
    const session = new native.GrangerSession({
      ...{ target: null, rows, samples, stationarity: 'none', maxLag: 3, lagOrder: 'min-p', statistic: 'ssr-ftest' },
      ...{ shifts: 0, seed: 1, perLag: false, allStatistics: false },
    });
    await spoiled(() => start(session));
    return session.result().pValue.slice();
  };
  const targets = inSharedMemory(Float64Array.from(plain, (_, i) => Math.cos(i * i)));
  const chunk = { first: 0, count: rows, threads: 1 };
  const expected = await pValues((session) => session.test({ ...chunk, sources: shared, targets }));
  for (let times = 0; times < 4; times++) {
    const found = await pValues((session) => session.test(changing({ ...chunk, targets }, 'sources', times)));
    assert.equal(found, expected, `sources, ${times} times`);
  }
});

test('samples keep their values when the arrays they came from change', async () => {
  const outputs = async (spoil: boolean): Promise<Float64Array> => {
    const network = await smallNetwork();
    const part = new native.Samples('float64', 20, 2, 1);
    const inputs = new Float64Array(20).fill(0.5);
    part.append(inputs, new Float64Array(2), 1);
    if (spoil) structuredClone(inputs, { transfer: [inputs.buffer] });
    const { native: spec, parameters } = network;
    return (await native.predict({ network: spec, parameters, samples: part, threads: 1 }).promise)
      .outputs as Float64Array;
  };
  assert.equal(await outputs(true), await outputs(false));
});

test('a native error has a message and a code', async () => {
  const trainer = await newTrainer();
  const task = trainer.run({ epochs: ENDLESS, threads: 1 });
  const settled = rejection(task.promise);
  task.cancel();
  const error = (await settled) as Error & { code?: string };
  assert.instance(error, Error);
  assert.is(error.code, 'ABORT_ERR');
  assert.ok(error.message.length > 0);
});

test('a task that cannot even begin fails as native code does', async () => {
  const start = (): never => {
    throw new Error('std::bad_alloc');
  };
  await assertLegcnetError(() => runTask(start), 'ERR_NATIVE', /bad_alloc/);
});

test.run();
