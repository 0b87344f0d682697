// Wrong calls of the addon give errors: never a crash, never a job that cannot be stopped. A crash ends this process,
// which scripts/test.mjs reports. The calls are the same every time; LEGCNET_FUZZ_SEED asks for others.
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type NativeTask, native } from '../../lib/native.js';
import { newSamples, newTrainer, trainerState, validArguments, validMethodArguments } from './calls.js';

const RUNS = { numRuns: 300, seed: Number(process.env['LEGCNET_FUZZ_SEED'] ?? 20260101) };
const exported = native as unknown as Record<string, Function & { prototype?: object }>;

const isClass = (name: string): boolean => Object.hasOwn(validMethodArguments, name);
const methodsOf = (name: string): string[] =>
  Object.getOwnPropertyNames(exported[name]!.prototype).filter((key) => key !== 'constructor');

function detached(): Float64Array {
  const array = new Float64Array(4);
  structuredClone(array, { transfer: [array.buffer] });
  return array;
}

/** An array whose buffer has become shorter than it is. */
function outOfBounds(): Float64Array {
  const Resizable = ArrayBuffer as unknown as new (
    length: number,
    options: object,
  ) => ArrayBuffer & { resize(length: number): void };
  const buffer = new Resizable(64, { maxByteLength: 64 });
  const array = new Float64Array(buffer, 0, 8);
  buffer.resize(8);
  return array;
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

const refuse = () => {
  throw new Error('a trap');
};
const trapped = () => new Proxy({}, { get: refuse, has: refuse, ownKeys: refuse, getPrototypeOf: refuse });

/** Numbers at the edges of every check; none so large, and let through, that it would fill the memory. */
const edgeNumbers = [0, -0, -1, 0.5, 1, 2, 3, 20, 1000, 2 ** 31 + 1, 2 ** 32, 2 ** 53, 1e300, -1e300, NaN, Infinity];

const hostile: (() => unknown)[] = [
  () => Symbol('junk'),
  () => 10n,
  () => refuse,
  () => [],
  () => [1, 2, 3],
  () => ({ length: 2 ** 32 }),
  () => new Float64Array(0),
  () => Float64Array.of(NaN, Infinity, -1, 1e300),
  () => new Float64Array(20),
  () => new Float32Array(15),
  () => new Uint8Array(20).fill(255),
  () => Uint32Array.of(0, 1),
  () => Uint32Array.of(2 ** 32 - 1, 2 ** 32 - 1),
  () => new Uint32Array(5).fill(2 ** 31), // the product wraps around 64 bits
  () => new Int32Array(3),
  () => BigInt64Array.of(1n),
  () => new Uint8ClampedArray(20),
  () => new DataView(new ArrayBuffer(8)),
  () => new ArrayBuffer(8),
  () => new Float64Array(new SharedArrayBuffer(160)),
  detached,
  outOfBounds,
  revoked,
  trapped,
  () => new Proxy(newSamples(), {}),
  () => Object.create(newTrainer()),
  () => Object.create(exported['Trainer']!.prototype!),
  newSamples,
  newTrainer,
  () => ({ toString: refuse, valueOf: refuse }),
  () => Promise.resolve(1),
];

/** Makers of junk: fast-check looks into the values it hands out, which some of these do not survive. */
const junk = (): fc.Arbitrary<() => unknown> =>
  fc.oneof(
    fc.constantFrom(...edgeNumbers.map((number) => () => number)),
    fc.constantFrom(...hostile),
    fc
      .anything({
        maxDepth: 2,
        values: [fc.constantFrom<unknown>(...edgeNumbers, null, undefined, true, false), fc.string({ unit: 'binary' })],
        withNullPrototype: true,
        withSparseArray: true,
      })
      .map((value) => () => value),
  );
const made = (makers: (() => unknown)[]): unknown[] => makers.map((make) => make());

const isTask = (value: unknown): value is NativeTask<unknown> =>
  typeof value === 'object' && value !== null && typeof (value as NativeTask<unknown>).cancel === 'function';

/** Calls; a job that came of it is stopped. What is thrown or rejected must be an Error. */
async function attempt(call: () => unknown): Promise<void> {
  try {
    const value = call();
    if (!isTask(value)) return;
    value.cancel();
    await value.promise;
  } catch (error) {
    if (!(error instanceof Error)) throw new Error(`${String(error)} is not an Error`);
  }
}

test('every export and every method has a valid call in calls.ts', async () => {
  assert.equal(Object.keys(native).sort(), Object.keys(validArguments).sort());
  for (const [name, make] of Object.entries(validArguments)) {
    const result = isClass(name) ? Reflect.construct(exported[name]!, make()) : exported[name]!(...make());
    if (isTask(result)) await result.promise;
  }
  for (const [name, { make, methods }] of Object.entries(validMethodArguments)) {
    for (const method of methodsOf(name)) {
      const object = make() as Record<string, any>;
      const given = methods[method]?.() ?? [];
      if (typeof object[method] !== 'function') continue; // a getter, read just now
      const result: unknown = object[method](...(method === 'restore' ? [await trainerState()] : given));
      if (isTask(result)) await result.promise;
    }
  }
});

test('functions and constructors called with junk', async () => {
  for (const name of Object.keys(native)) {
    await fc.assert(
      fc.asyncProperty(fc.array(junk(), { maxLength: 4 }), junk(), async (args, self) => {
        await attempt(() => Reflect.apply(exported[name]!, self(), made(args)));
        if (isClass(name)) await attempt(() => Reflect.construct(exported[name]!, made(args)));
      }),
      RUNS,
    );
  }
});

test('methods and getters called with junk, on junk', async () => {
  for (const [name, { make }] of Object.entries(validMethodArguments)) {
    for (const method of methodsOf(name)) {
      const { value, get } = Object.getOwnPropertyDescriptor(exported[name]!.prototype, method)!;
      const call = (value ?? get) as Function;
      await fc.assert(
        fc.asyncProperty(fc.array(junk(), { maxLength: 3 }), junk(), async (args, self) => {
          await attempt(() => Reflect.apply(call, make(), made(args)));
          await attempt(() => Reflect.apply(call, self(), made(args)));
        }),
        { ...RUNS, numRuns: RUNS.numRuns / 3 },
      );
    }
  }
});

const isPlain = (value: unknown): value is object =>
  Array.isArray(value) ||
  (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype);

/** Every path into plain objects and arrays, outermost first. */
function pathsOf(value: unknown, prefix: string[] = []): string[][] {
  const below = isPlain(value) ? Object.entries(value).flatMap(([key, v]) => pathsOf(v, [...prefix, key])) : [];
  return [prefix, ...below];
}

/** A copy of plain objects and arrays with another value at the path. */
function replaced(value: any, [key, ...rest]: string[], by: unknown): any {
  if (key === undefined) return by;
  const copy = Array.isArray(value) ? [...value] : { ...value };
  copy[key] = replaced(copy[key], rest, by);
  return copy;
}

/** Breaks a valid call in one or two places, again and again. */
async function breakCalls(makeArguments: () => unknown[], call: (args: unknown[]) => unknown): Promise<void> {
  const paths = pathsOf(makeArguments()).slice(1);
  if (paths.length === 0) return;
  const change = fc.record({ path: fc.constantFrom(...paths), value: junk() });
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 2 }), async (changes) => {
      let args: any = makeArguments();
      // Inner values first: what an outer one holds after its own change has no such places any more.
      for (const { path, value } of [...changes].sort((a, b) => b.path.length - a.path.length)) {
        args = replaced(args, path, value());
      }
      await attempt(() => call(args as unknown[]));
    }),
    RUNS,
  );
}

test('valid calls with one or two wrong values in them', async () => {
  for (const [name, make] of Object.entries(validArguments)) {
    await breakCalls(make, (args) =>
      isClass(name) ? Reflect.construct(exported[name]!, args) : Reflect.apply(exported[name]!, native, args),
    );
  }
  for (const { make, methods } of Object.values(validMethodArguments)) {
    for (const [method, makeArguments] of Object.entries(methods)) {
      await breakCalls(makeArguments, (args) => (make() as Record<string, any>)[method](...args));
    }
  }
});

test('a trainer made or restored from wrong values runs or refuses', async () => {
  const run = async (trainer: ReturnType<typeof newTrainer>) => {
    const task = trainer.run({ epochs: 8, threads: 2 });
    await task.promise.catch(() => {});
    await attempt(() => trainer.series());
    await attempt(() => trainer.history());
  };
  const construct = async (args: any) => run(new native.Trainer(args[0]));
  await breakCalls(validArguments['Trainer']!, (args) => ({ promise: construct(args), cancel: () => {} }));
  const state = await trainerState();
  const restore = async (args: any) => {
    const trainer = newTrainer();
    trainer.restore(args[0]);
    await run(trainer);
  };
  await breakCalls(
    () => [state],
    (args) => ({ promise: restore(args), cancel: () => {} }),
  );
});

test('an object of one class is not taken for the other', () => {
  const { run } = native.Trainer.prototype;
  assert.throws(() => run.call(newSamples() as any, { epochs: 1, threads: 1 }));
  const { append } = native.Samples.prototype;
  assert.throws(() => append.call(newTrainer() as any, new Float64Array(3), new Float64Array(2), 1));
});

test('after all that the addon still works', async () => {
  const trainer = newTrainer();
  await trainer.run({ epochs: 5, threads: 2 }).promise;
  assert.is(trainer.status().epochs, 5);
});

test.run();
