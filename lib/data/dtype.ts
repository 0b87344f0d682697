import { totalmem } from 'node:os';
import { unexpected } from '../errors.js';
import { inTurns } from '../turns.js';
import type { TypedArray } from './ndarray.js';

/**
 * Element types in files, by numpy's letters and bytes: f float, i signed, u unsigned, b boolean.
 * 64-bit integers are read as doubles, and refused where a double cannot hold them exactly.
 */
export interface DtypeArrays {
  f8: Float64Array;
  f4: Float32Array;
  i8: Float64Array;
  u8: Float64Array;
  i4: Int32Array;
  u4: Uint32Array;
  i2: Int16Array;
  u2: Uint16Array;
  i1: Int8Array;
  u1: Uint8Array;
  b1: Uint8Array;
}

export type Dtype = keyof DtypeArrays;

/** What holds the elements as they are in a file. */
const dtypes = {
  f8: Float64Array,
  f4: Float32Array,
  i8: BigInt64Array,
  u8: BigUint64Array,
  i4: Int32Array,
  u4: Uint32Array,
  i2: Int16Array,
  u2: Uint16Array,
  i1: Int8Array,
  u1: Uint8Array,
  b1: Uint8Array,
} satisfies Record<Dtype, unknown>;

export type Storage = InstanceType<(typeof dtypes)[Dtype]>;

export const dtypeNames = Object.keys(dtypes) as readonly Dtype[];

export function isDtype(text: string): text is Dtype {
  return Object.hasOwn(dtypes, text);
}

/** Bytes an element takes in a file. */
export function bytesPer(dtype: Dtype): number {
  return dtypes[dtype].BYTES_PER_ELEMENT;
}

/**
 * Empty storage for `length` elements as a file holds them.
 * @param shared over a SharedArrayBuffer
 * @throws LegcnetError `ERR_DATA` naming the file if that is more than the machine's, or the container's, memory
 */
export function createStorage(dtype: Dtype, length: number, name: string, shared = false): Storage {
  const Elements = dtypes[dtype];
  const bytes = bytesPer(dtype);
  const received = `${length} elements of ${bytes} bytes`;
  // Asked for first, because an allocation beyond the memory may succeed and kill the process later.
  const memory = Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);
  if (length * bytes > memory) throw unexpected('ERR_DATA', name, `at most the ${memory} bytes of memory`, received);
  try {
    return new Elements((shared ? new SharedArrayBuffer(length * bytes) : length) as number); // or either
  } catch (cause) {
    throw unexpected('ERR_DATA', name, 'an array that fits in memory', received, cause);
  }
}

/** The dtype that a typed array is written as. */
export function dtypeOf(array: TypedArray): Exclude<Dtype, 'i8' | 'u8' | 'b1'> {
  if (array instanceof Float64Array) return 'f8';
  if (array instanceof Float32Array) return 'f4';
  if (array instanceof Int32Array) return 'i4';
  if (array instanceof Uint32Array) return 'u4';
  if (array instanceof Int16Array) return 'i2';
  if (array instanceof Uint16Array) return 'u2';
  if (array instanceof Int8Array) return 'i1';
  if (array instanceof Uint8Array) return 'u1';
  throw unexpected('ERR_ARGUMENT', 'data', 'a typed array of numbers', array);
}

/**
 * Turns 64-bit integers into doubles, in turns of the event loop; leaves everything else alone.
 * @throws LegcnetError `ERR_DATA` for the first integer beyond 2^53 - 1 in magnitude
 */
export async function toNumbers(storage: Storage, name: string): Promise<TypedArray> {
  if (!(storage instanceof BigInt64Array || storage instanceof BigUint64Array)) return storage;
  // Overwritten in place: one array of 8-byte elements instead of two.
  const numbers = new Float64Array(storage.buffer as ArrayBuffer, storage.byteOffset, storage.length);
  await inTurns(storage.length, undefined, (begin, end) => {
    for (let i = begin; i < end; i++) {
      const value = Number(storage[i]);
      if (!Number.isSafeInteger(value)) {
        throw unexpected(
          'ERR_DATA',
          `element ${i} of ${name}`,
          'an integer of at most 2^53 - 1 in magnitude',
          storage[i],
        );
      }
      numbers[i] = value;
    }
  });
  return numbers;
}
