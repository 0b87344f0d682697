import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Frees what nobody refers to. */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

/** A copy over a SharedArrayBuffer, which our functions read where it is. */
export function inSharedMemory<T extends Float64Array | Float32Array>(values: T): T {
  const Floats = values.constructor as new (buffer: SharedArrayBuffer) => T;
  const shared = new Floats(new SharedArrayBuffer(values.byteLength));
  shared.set(values);
  return shared;
}
